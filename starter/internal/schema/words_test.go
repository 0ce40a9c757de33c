package schema

import (
	"encoding/json"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// update writes words.json instead of comparing it: go test ./starter/internal/schema -run Words -update
var update = flag.Bool("update", false, "write words.json from the Go sources")

// TestTheWordsAreThoseOfTheSources fails when a comment or a constant of an input was changed and the schemas were not.
func TestTheWordsAreThoseOfTheSources(t *testing.T) {
	found := wordsOfSources(t)
	if *update {
		text, err := json.MarshalIndent(found, "", "  ")
		require.NoError(t, err)
		require.NoError(t, os.WriteFile("words.json", append(text, '\n'), 0o644))
		return
	}
	embedded, err := sources()
	require.NoError(t, err)
	require.Equal(t, found, embedded, "words.json is stale: go test ./starter/internal/schema -run Words -update")
}

// wordsOfSources reads the packages that the inputs' types live in, and keeps what is about those types.
func wordsOfSources(t *testing.T) words {
	t.Helper()
	all := words{Comments: map[string]string{}, Constants: map[string][]string{}}
	types := map[string]reflect.Type{}
	for _, s := range sourcesOfKinds() {
		reach(s.goes, types)
	}
	packages := map[string]bool{}
	for _, one := range types {
		packages[one.PkgPath()] = true
	}
	for pkg := range packages {
		_, dir, ours := strings.Cut(pkg, "github.com/safepoint-dev/safepoint/")
		if !ours {
			continue // time, encoding/json
		}
		readPackage(t, filepath.Join("../../..", dir), path.Base(pkg), types, all)
	}
	return all
}

// reach collects the named types below a type, by their names.
func reach(t reflect.Type, into map[string]reflect.Type) {
	t = elemOf(t)
	if t.Name() != "" {
		if _, known := into[typeName(t)]; known {
			return
		}
		into[typeName(t)] = t
	}
	if t.Kind() == reflect.Struct && t.PkgPath() != "time" {
		for i := range t.NumField() {
			reach(t.Field(i).Type, into)
		}
	}
}

func readPackage(t *testing.T, dir, name string, types map[string]reflect.Type, all words) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	require.NoError(t, err)
	require.NotEmpty(t, files, dir)
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		require.NoError(t, err)
		for _, declared := range parsed.Decls {
			group, ok := declared.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, spec := range group.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					readType(name, group, spec, types, all)
				case *ast.ValueSpec:
					readConstant(t, name, group.Tok, spec, types, all)
				}
			}
		}
	}
}

func readType(pkg string, group *ast.GenDecl, spec *ast.TypeSpec, types map[string]reflect.Type, all words) {
	name := pkg + "." + spec.Name.Name
	if types[name] == nil {
		return
	}
	doc := spec.Doc
	if doc == nil {
		doc = group.Doc
	}
	keep(all.Comments, name, doc)
	body, ok := spec.Type.(*ast.StructType)
	if !ok {
		return
	}
	for _, field := range body.Fields.List {
		doc := field.Doc
		if doc == nil {
			doc = field.Comment
		}
		for _, id := range field.Names {
			keep(all.Comments, name+"."+id.Name, doc)
		}
	}
}

// keep stores a comment as one line.
func keep(comments map[string]string, name string, doc *ast.CommentGroup) {
	if text := strings.Join(strings.Fields(doc.Text()), " "); text != "" {
		comments[name] = text
	}
}

func readConstant(t *testing.T, pkg string, kind token.Token, spec *ast.ValueSpec, types map[string]reflect.Type, all words) {
	t.Helper()
	id, ok := spec.Type.(*ast.Ident)
	if kind != token.CONST || !ok || types[pkg+"."+id.Name] == nil || types[pkg+"."+id.Name].Kind() != reflect.String {
		return
	}
	for _, value := range spec.Values {
		literal, ok := value.(*ast.BasicLit)
		require.True(t, ok, "%s has a constant that is no literal", id.Name)
		word, err := strconv.Unquote(literal.Value)
		require.NoError(t, err)
		all.Constants[pkg+"."+id.Name] = append(all.Constants[pkg+"."+id.Name], word)
	}
}
