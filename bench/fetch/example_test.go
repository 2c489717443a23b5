package fetch_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"

	"trainbench/bench/fetch"
)

// A file whose publisher tells the MD5, from a server.
func ExampleFile_Get() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello world") }))
	defer server.Close()
	dir, err := os.MkdirTemp("", "fetch")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	f := fetch.File{
		Name: "greeting", Base: "greeting.txt", URLs: []string{server.URL + "/greeting.txt"},
		Size: 11, MD5: "5eb63bbbe01eeed093cb22bb8f5acdc3", Says: "its publisher",
	}
	opt := fetch.DefaultOptions(dir)
	path, err := f.Get(context.Background(), opt)
	fmt.Println(filepath.Base(path), err)
	// Output: greeting.txt <nil>
}
