package workflows

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestACommandShownToAPersonCanBePastedAsItStands(t *testing.T) {
	for word, want := range map[string]string{
		"deploy-2.14.0": "deploy-2.14.0", "server-lock/5": "server-lock/5", "": "''",
		"we ird; id": "'we ird; id'", "it's": `'it'\''s'`, "$(id)": "'$(id)'", "a\nb": "'a\nb'",
	} {
		assert.Equal(t, want, shellWord(word))
	}
}

func TestANumberGoesWithItsNoun(t *testing.T) {
	assert.Equal(t, "1 check", count(1, "check"))
	assert.Equal(t, "2 checks", count(2, "check"))
}
