package kubecmd

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/pkg/kube"
)

// separator stands between the documents of two files.
const separator = "\n---\n"

// readObjects reads what files, URLs or standard input describe.
func readObjects(ctx context.Context, ios *iostreams.IOStreams, sources []string) (*kube.Objects, error) {
	data, err := readAll(ctx, ios, sources)
	if err != nil {
		return nil, err
	}
	return kube.Read(data)
}

// readAll returns the content of files and URLs, or for "-" alone of standard input.
func readAll(ctx context.Context, ios *iostreams.IOStreams, sources []string) ([]byte, error) {
	if len(sources) == 1 && sources[0] == "-" {
		return io.ReadAll(ios.In)
	}
	var all [][]byte
	for _, source := range sources {
		read := readFile
		if strings.HasPrefix(source, "http://") || strings.HasPrefix(source, "https://") {
			read = readURL
		}
		data, err := read(ctx, source)
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return bytes.Join(all, []byte(separator)), nil
}

func readFile(_ context.Context, path string) ([]byte, error) { return os.ReadFile(path) }

func readURL(ctx context.Context, url string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("get %s: %s", url, response.Status)
	}
	return io.ReadAll(response.Body)
}
