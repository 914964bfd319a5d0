package main

import (
	"fmt"
	"net/http"
	"sync"
)

// Each answer is put together by threads of its own.
func answer(response http.ResponseWriter, request *http.Request) {
	var parts [4]string
	var group sync.WaitGroup
	for i := range parts {
		group.Add(1)
		go func() {
			defer group.Done()
			parts[i] = fmt.Sprint(request.URL.Path, i)
		}()
	}
	group.Wait()
	fmt.Fprint(response, parts)
}

func main() {
	panic(http.ListenAndServe("127.0.0.1:8080", http.HandlerFunc(answer)))
}
