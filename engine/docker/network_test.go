package docker

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/network"
	"github.com/google/go-cmp/cmp"

	"reconciler/engine"
)

// Of the current engine, but for the second network: it is as by 20.10, and by
// hand. What a start has made of it stands in the second half of each.
const connected = `{"Id":"4f5e66778899aabb","Name":"/web","State":{"Status":"running"},"Config":{"Image":"web","MacAddress":"02:42:00:00:00:07"},"HostConfig":{"NetworkMode":"front"},
"NetworkSettings":{"Ports":{},"Networks":{
"front":{"IPAMConfig":{"IPv4Address":"198.18.0.7"},"Links":["db:db"],"Aliases":["web","shop"],"DriverOpts":{"com.docker.network.endpoint.ifname":"eth7"},"GwPriority":3,
 "MacAddress":"02:42:00:00:00:07","NetworkID":"77aa","EndpointID":"88bb","Gateway":"198.18.0.1","IPAddress":"198.18.0.7","IPPrefixLen":24,"IPv6Gateway":"fd00::1","GlobalIPv6Address":"fd00::7","GlobalIPv6PrefixLen":64,"DNSNames":["web","shop","4f5e66778899"]},
"back":{"IPAMConfig":{},"Links":null,"Aliases":["web","4f5e66778899"],"MacAddress":"02:42:ac:11:00:03","NetworkID":"77ab","IPAddress":"172.17.0.3"}}}}`

func TestANetworkIsHowItIsToBeConnectedAndNotWhatCameOfIt(t *testing.T) {
	const created = `{"Status":"created"}`
	for name, c := range map[string]struct {
		state, mac string // of the second
	}{
		"while it runs":        {`{"Status":"running"}`, ""},
		"exited":               {`{"Status":"exited"}`, ""},
		"before its first run": {created, "02:42:ac:11:00:03"},
	} {
		t.Run(name, func(t *testing.T) {
			_, e := speak(t, says(200, strings.Replace(connected, `{"Status":"running"}`, c.state, 1)))
			got, err := e.Inspect(t.Context(), "web")
			if err != nil {
				t.Fatal(err)
			}
			settings := map[string]network.EndpointSettings{}
			for _, n := range got.Networks {
				var s network.EndpointSettings
				if err := json.Unmarshal([]byte(n.Settings), &s); err != nil {
					t.Error(err)
				}
				settings[n.Name] = s
			}
			want := map[string]network.EndpointSettings{
				"front": {
					IPAMConfig: &network.EndpointIPAMConfig{IPv4Address: "198.18.0.7"}, Links: []string{"db:db"}, Aliases: []string{"web", "shop"},
					DriverOpts: map[string]string{"com.docker.network.endpoint.ifname": "eth7"}, GwPriority: 3, MacAddress: "02:42:00:00:00:07",
				},
				"back": {IPAMConfig: &network.EndpointIPAMConfig{}, Aliases: []string{"web"}, MacAddress: c.mac},
			}
			if diff := cmp.Diff(want, settings); diff != "" {
				t.Errorf("(- want, + got):\n%s", diff)
			}
		})
	}
}

// The API drops the address before 1.54, and says nothing.
func TestAMACAddressIsPutBackOrTheEngineIsSaidToBeTooOld(t *testing.T) {
	var asked []string
	f, e := speak(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if strings.Contains(string(body), `"MacAddress":"02:42:00:00:00:07"`) {
			asked = append(asked, r.URL.Path)
		}
	})
	lost := []engine.Network{{Name: "front", Settings: `{"MacAddress":"02:42:00:00:00:07"}`}, {Name: "back", Settings: `{}`}}
	if err := e.Reconnect(t.Context(), "web", lost); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"/v1.54/networks/front/connect"}, asked); diff != "" {
		t.Errorf("with the address (- want, + got):\n%s", diff)
	}
	f.mu.Lock()
	f.answer = func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/v1.54/") {
			refuses(400, "client version 1.54 is too new. Maximum supported API version is 1.52")(w, r)
		}
	}
	f.mu.Unlock()
	err := e.Reconnect(t.Context(), "web", lost)
	if !errors.Is(err, engine.ErrInvalid) || errors.Is(err, engine.ErrUnavailable) || !strings.Contains(err.Error(), "front: ") || !strings.Contains(err.Error(), "MAC address 02:42:00:00:00:07") {
		t.Errorf("error %v", err)
	}
}

func TestEachNetworkIsTriedWhateverBecameOfTheOthers(t *testing.T) {
	f, e := speak(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/front/") {
			refuses(500, "no")(w, r)
		}
	})
	err := e.Reconnect(t.Context(), "web", []engine.Network{{Name: "odd", Settings: "{"}, {Name: "front", Settings: "{}"}, {Name: "back", Settings: "{}"}})
	if err == nil || !strings.Contains(err.Error(), "reconnect web to odd: ") || !strings.Contains(err.Error(), "reconnect web to front: ") {
		t.Errorf("error %v", err)
	}
	if calls := f.called(); !slices.Contains(calls, "POST /v1.41/networks/back/connect") {
		t.Errorf("calls: %v", calls)
	}
}
