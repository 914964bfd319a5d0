// Draws from the system: what Go's own generators are seeded with when it starts no clone can change.
package main

import (
	"crypto/rand"
	"fmt"
	"log"
	"net/http"
	"os"
)

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		drawn := make([]byte, 8)
		rand.Read(drawn)
		fmt.Fprintf(w, "[%q]", rand.Text()+fmt.Sprint(drawn))
	})
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil))
}
