package main

import (
	"os"
	"testing"
)

func TestTheSchemaIsTheOneInTheRepository(t *testing.T) {
	want, err := os.ReadFile("../../state.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	if code, out, errs := call(t, "schema"); code != 0 || out != string(want) || errs != "" {
		t.Errorf("exit %d, %s: not state.schema.json:\n%s", code, errs, out)
	}
}
