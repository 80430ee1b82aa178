package main

import (
	"os"
	"os/user"

	"github.com/spf13/pflag"

	"reconciler/client"
)

// bindClient makes --server a flag; RECONCILER_SERVER and RECONCILER_TOKEN
// stand in for what isn't given.
func bindClient(flags *pflag.FlagSet) *client.Client {
	c := &client.Client{Server: client.DefaultServer, Token: os.Getenv("RECONCILER_TOKEN")}
	if s := os.Getenv("RECONCILER_SERVER"); s != "" {
		c.Server = s
	}
	if u, err := user.Current(); err == nil {
		c.Actor = "cli:" + u.Username
	}
	flags.StringVar(&c.Server, "server", c.Server, "the running reconciler: http[s]://HOST:PORT or unix:PATH ($RECONCILER_SERVER)")
	return c
}
