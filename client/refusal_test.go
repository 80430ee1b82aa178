package client

import (
	"crypto/x509"
	"fmt"
	"strings"
	"testing"
)

func TestAnUnknownAuthorityIsToldWithWhatCanBeDone(t *testing.T) {
	c := &Client{Server: "https://panel"}
	if err := c.unreachable(fmt.Errorf("get: %w", x509.UnknownAuthorityError{})); !strings.Contains(err.Error(), "SSL_CERT_FILE") {
		t.Errorf("said: %v", err)
	}
}
