package api

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// proxied are the headers that proxies, load balancers, tunnels and gates of
// login set and that whoever asks directly has no reason for; in small letters,
// with hyphens. It can't be whole, for a proxy need not add any.
var proxied = []string{
	"forwarded", "forwarded-for", "forwarded-host", "forwarded-proto", // the standard, and what is taken for it
	"via", "cdn-loop", "surrogate-capability", // RFC 9110: Apache, Caddy, Squid, Varnish, Google; RFC 8586
	"x-real-ip", "real-ip", "x-client-ip", "client-ip", "x-cluster-client-ip", "x-remote-ip", "x-remote-addr", "remote-addr", // nginx, Traefik, Rackspace
	"x-originating-ip", "x-from-ip", "x-coming-from", "x-proxyuser-ip", "true-client-ip", "fastly-client-ip", "incap-client-ip",
	"x-scheme", "x-url-scheme", "x-forward-proto", "x-forward-for", "x-protocol", "front-end-https", "x-http-host-override", "x-host", "x-rewrite-url",
	"remote-user", "remote-name", "remote-email", "remote-groups", "x-remote-user", "x-webauth-user", "x-nginx-proxy", // Authelia and the like
	"client-cert", "client-cert-chain", "x-client-cert", "x-client-verify", // RFC 9440
	"x-cloud-trace-context", "x-varnish", "x-arr-log-id", "x-arr-ssl", "x-request-start", "do-connecting-ip", "x-bluecoat-via", "x-imforwards", "x-proxycontextpath",
}

// proxiedFamilies are beginnings of such headers.
var proxiedFamilies = []string{
	"x-forwarded-", "x-original-", "x-envoy-", "x-proxy-", "x-haproxy-", "x-lb-", "x-auth-request-", "x-authentik-", "x-pomerium-", "x-vouch-",
	"x-ssl-", "ssl-client-", "x-tls-", "tailscale-", "ngrok-", "cf-", "fly-", "fastly-", "x-amzn-", "x-amz-cf-", "x-goog-", "x-appengine-",
	"x-azure-", "x-fd-", "x-ms-client-", "x-vercel-", "x-nf-", "x-akamai-", "akamai-", "x-sucuri-", "x-edge-", "wl-proxy-", "x-kong-", "x-consumer-", "x-appgw-", "l5d-", "teleport-",
}

// forwarded returns the name of a header that only proxies set; empty: none.
func forwarded(h http.Header) string {
	for name := range h {
		plain := strings.ReplaceAll(strings.ToLower(name), "_", "-")
		if slices.Contains(proxied, plain) || slices.ContainsFunc(proxiedFamilies, func(family string) bool { return strings.HasPrefix(plain, family) }) {
			return name
		}
	}
	return ""
}

// fromElsewhere returns the address of another host from which the connection
// comes, though it was made to a loopback address: a host that routes what is
// for 127.0.0.1 (route_localnet) lets its containers and its neighbours in.
// Empty: it doesn't.
func fromElsewhere(r *http.Request) string {
	if _, tcp := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr); !tcp {
		return ""
	}
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err == nil && from.Addr().Unmap().IsLoopback() {
		return ""
	}
	return r.RemoteAddr
}
