package cli

import (
	"bytes"
	"image/png"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// pictureName finds the pictures that a page of the documentation names, from the top of the repository.
var pictureName = regexp.MustCompile(`starter/docs/[A-Za-z0-9_.-]+\.png`)

const (
	mostPicture = 300_000 // bytes: a page with several of them opens at once
	leastWidth  = 800     // pixels: below, the UI's words cannot be read
	mostWidth   = 1600
)

func TestThePicturesOfTheUIArePNGsOfABoundedSize(t *testing.T) {
	top := filepath.Join("..", "..", "..")
	readme, err := os.ReadFile(filepath.Join(top, "README.md"))
	require.NoError(t, err)
	// The three that `make screenshots` takes are there whether or not the README shows them all.
	pictures := map[string]bool{"starter/docs/ui-list.png": true, "starter/docs/ui-timeline.png": true, "starter/docs/ui-held.png": true}
	for _, name := range pictureName.FindAllString(string(readme), -1) {
		pictures[name] = true
	}
	there, err := filepath.Glob(filepath.Join(top, "starter", "docs", "*"))
	require.NoError(t, err)
	assert.Len(t, there, len(pictures), "a picture that nothing shows is left over")
	for name := range pictures {
		data, err := os.ReadFile(filepath.Join(top, filepath.FromSlash(name)))
		require.NoError(t, err, "take it with `make screenshots`")
		assert.LessOrEqual(t, len(data), mostPicture, name)
		picture, err := png.Decode(bytes.NewReader(data))
		require.NoError(t, err, name)
		assert.GreaterOrEqual(t, picture.Bounds().Dx(), leastWidth, name)
		assert.LessOrEqual(t, picture.Bounds().Dx(), mostWidth, name)
	}
}
