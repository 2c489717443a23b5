// Probe opens one backend and prints, as JSON, what it is or why it does not
// open. `trainbench doctor` runs it as a process of its own, since a plugin that
// is broken may take its process with it, and so that trainbench itself does not
// depend on GoMLX.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"trainbench/bench/backend"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: probe BACKEND")
		os.Exit(2)
	}
	var found struct {
		Backend  string `json:"backend,omitempty"`
		Plugin   string `json:"plugin,omitempty"`
		Hardware string `json:"hardware,omitempty"`
		Devices  int    `json:"devices,omitempty"`
		Error    string `json:"error,omitempty"`
	}
	d, err := backend.Open(os.Args[1], backend.Options{})
	if err != nil {
		found.Error = err.Error()
	} else {
		found.Backend, found.Plugin, found.Hardware, found.Devices = d.Name, d.Plugin, d.Hardware, int(d.NumDevices())
	}
	if err := json.NewEncoder(os.Stdout).Encode(found); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
