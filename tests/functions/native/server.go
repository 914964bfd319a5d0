// A server as one writes it in Go, that knows nothing of where it runs.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

var count atomic.Int64

func number(request *http.Request, key string) int {
	value, _ := strconv.Atoi(request.URL.Query().Get(key))
	return value
}

func orNull(value string) any {
	if value == "" {
		return nil
	}
	return value
}

func main() {
	http.HandleFunc("/count", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, count.Add(1)) })
	http.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", r.Header.Get("Content-Type"))
		_ = http.NewResponseController(w).EnableFullDuplex()
		io.Copy(w, r.Body)
	})
	http.HandleFunc("/bytes", func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, strings.Repeat("x", number(r, "n")))
	})
	http.HandleFunc("/first", func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "first\n")
		w.(http.Flusher).Flush()
		select {}
	})
	http.HandleFunc("/sleep", func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(time.Duration(number(r, "ms")) * time.Millisecond)
		io.WriteString(w, "woke")
	})
	http.HandleFunc("/crash", func(w http.ResponseWriter, r *http.Request) { os.Exit(7) })
	http.HandleFunc("/throw", func(w http.ResponseWriter, r *http.Request) { go panic("thrown on purpose"); select {} })
	http.HandleFunc("/log", func(w http.ResponseWriter, r *http.Request) {
		log.Print("a line")
		io.WriteString(w, "logged")
	})
	http.HandleFunc("/seen", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(map[string]any{
			"method": r.Method, "path": r.URL.RequestURI(), "host": r.Host,
			"prefix": orNull(r.Header.Get("X-Forwarded-Prefix")), "expect": orNull(r.Header.Get("Expect")),
		})
	})
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		io.WriteString(w, "nothing here")
	})
	log.Print("listens on ", os.Getenv("PORT"))
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil))
}
