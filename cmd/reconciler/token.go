package main

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"reconciler/api"
)

func newToken() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "token",
		Short: "Make tokens for those who speak to reconciler over the network",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return badInput(errors.New("say what to do with a token; see: reconciler token --help"))
		},
	}
	cmd.AddCommand(newTokenNew())
	return cmd
}

func newTokenNew() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "new NAME --role ROLE",
		Short: "Make a token",
		Long: "Prints a new token; it is shown this once, and only its SHA-256 is kept: in a line `NAME ROLE SHA256`, which is\n" +
			"printed below the token, or added to the file that --token-file names. A running reconciler reads the file anew.\n" +
			"read may look, flip may also change whether services run, admin may do all.",
		Example: "  reconciler token new panel --role flip --token-file tokens",
		Args:    args(cobra.ExactArgs(1)),
	}
	role := choose(cmd, "role", "", "what it may: read, flip or admin", "read", "flip", "admin")
	role.value, cmd.Flags().Lookup("role").DefValue = "", "" // it has to be said
	file := cmd.Flags().String("token-file", "", "add the token's line to this file; made if it doesn't exist")
	cmd.RunE = func(cmd *cobra.Command, a []string) error {
		if role.value == "" {
			return badInput(errors.New("say what it may: --role read, flip or admin"))
		}
		if err := api.CheckTokenName(a[0]); err != nil {
			return badInput(err)
		}
		token, err := newSecret()
		if err != nil {
			return err
		}
		sum := sha256.Sum256([]byte(token))
		line := fmt.Sprintf("%s %s %s\n", a[0], role.value, hex.EncodeToString(sum[:]))
		if *file == "" {
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s\n%s", token, line)
			return err
		}
		if err := addToken(*file, a[0], line); err != nil {
			return err
		}
		fmt.Fprintf(cmd.ErrOrStderr(), "added %s to %s; this is its token, which isn't shown again:\n", a[0], *file)
		_, err = fmt.Fprintln(cmd.OutOrStdout(), token)
		return err
	}
	return cmd
}

// newSecret is 256 random bits, to be written anywhere.
func newSecret() (string, error) {
	var secret [32]byte
	if _, err := rand.Read(secret[:]); err != nil {
		return "", fmt.Errorf("make a token: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(secret[:]), nil
}

// addToken adds the line to the token file, durably, unless the name is there
// already. All other bytes stay; a file that it makes is its owner's alone.
// Two at once don't disturb each other.
func addToken(path, name, line string) (err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND|syscall.O_NONBLOCK, 0o600)
	if err != nil {
		return fmt.Errorf("add a token: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }() // ends the lock, too
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return fmt.Errorf("add a token to %s: lock it: %w", path, err)
	}
	info, err := f.Stat()
	switch {
	case err != nil:
		return fmt.Errorf("add a token: %w", err)
	case !info.Mode().IsRegular():
		return badInput(fmt.Errorf("%s is not a regular file", path))
	case info.Mode().Perm()&0o022 != 0:
		return badInput(fmt.Errorf("others than its owner may write %s, so it would not be believed: chmod go-w %s", path, path))
	}
	was, err := io.ReadAll(f)
	if err != nil {
		return fmt.Errorf("add a token: %w", err)
	}
	for old := range strings.Lines(string(was)) {
		if fields := strings.Fields(old); len(fields) > 0 && fields[0] == name {
			return badInput(fmt.Errorf("%s has a token %q already; delete its line first, or choose another name", path, name))
		}
	}
	if len(was) > 0 && was[len(was)-1] != '\n' {
		line = "\n" + line
	}
	if _, err := f.WriteString(line); err != nil { // half a line would make the whole file unusable
		return fmt.Errorf("add a token: %w", errors.Join(err, f.Truncate(int64(len(was)))))
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("add a token: %w", err)
	}
	return syncFolder(filepath.Dir(path))
}

// syncFolder makes durable which files the folder has.
func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
