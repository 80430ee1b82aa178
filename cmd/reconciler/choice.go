package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"reconciler/desired"
)

// choice is the value of a flag that takes one of some words.
type choice struct {
	value string
	words []string
}

// choose makes a flag that takes one of the words, the first of them by
// default; a shell completes them.
func choose(cmd *cobra.Command, name, short, usage string, words ...string) *choice {
	c := &choice{value: words[0], words: words}
	cmd.Flags().VarP(c, name, short, usage)
	if err := cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err) // the flag was made in the line above
	}
	return c
}

// String, Set and Type implement pflag.Value.
func (c *choice) String() string { return c.value }
func (c *choice) Type() string   { return "string" }
func (c *choice) Set(word string) error {
	if !slices.Contains(c.words, word) {
		last := len(c.words) - 1
		return fmt.Errorf("it is %s or %s%s", strings.Join(c.words[:last], ", "), c.words[last], desired.Suggest(word, c.words))
	}
	c.value = word
	return nil
}
