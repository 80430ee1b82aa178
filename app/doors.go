package app

import (
	"errors"
	"fmt"
	"slices"

	"reconciler/api"
	"reconciler/config"
)

// open reads who may come in, and opens the doors. A file that can't be used
// is bad input.
func (a *App) open(conf config.Config) error {
	if conf.TokenFile != "" {
		tokens, err := api.OpenTokens(conf.TokenFile, func(err error) {
			if errors.Is(err, api.ErrTokens) {
				err = fmt.Errorf("nobody is let in by a token: %w", err)
			}
			a.warn(err.Error())
		})
		if err != nil {
			return &InputError{err}
		}
		a.tokens = tokens
	}
	for _, door := range doors(conf) {
		e, err := api.Listen(door)
		if errors.Is(err, api.ErrWebConfig) {
			err = &InputError{err}
		}
		if err != nil {
			return err
		}
		a.entrances = append(a.entrances, e)
	}
	return nil
}

// doors are those that the settings ask for. The settings are valid.
func doors(conf config.Config) []api.Door {
	var doors []api.Door
	for _, p := range conf.Places() {
		d := api.Door{Address: p.Address, Grants: api.None, WebConfig: conf.WebConfig}
		switch {
		case p.Unix && p.Admin:
			d = api.Door{Address: "unix:" + p.Address, Grants: api.Admin}
		case p.Unix:
			d = api.Door{Address: "unix:" + p.Address, Grants: api.Flip}
		case p.Loopback() && conf.Open():
			d.Grants = api.Admin
		}
		doors = append(doors, d)
	}
	if conf.MetricsListen != "" {
		doors = append(doors, api.Door{Address: conf.MetricsListen, Metrics: true})
	}
	return doors
}

// hosts are the names by which browsers may ask.
func hosts(conf config.Config) []string {
	names := slices.Clone(conf.AllowedHosts)
	for _, p := range conf.Places() {
		if host := p.Host(); host != "" {
			names = append(names, host)
		}
	}
	return names
}

// URL is where the API is: the first address that a browser can open, or
// unix:PATH, that of the first door, where there is none.
func (a *App) URL() string {
	url, _ := a.url()
	return url
}

// url is URL, and whether a browser can open it.
func (a *App) url() (url string, page bool) {
	for _, e := range a.entrances {
		if url := e.URL(); !e.Door.Metrics && url != e.Door.Address {
			return url, true
		}
	}
	return a.entrances[0].URL(), false
}

// address is where a person finds the page, or, where no door has one, a
// command the API.
func (a *App) address() string {
	url, page := a.url()
	if page {
		return "page at " + url
	}
	return "API at " + url
}
