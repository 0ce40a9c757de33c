package schema

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/workflows"
)

// defaultsOf are the functions of the runbooks that hold their defaults.
var defaultsOf = []struct {
	kind, function string
	goes           reflect.Type
	atLeast        int
}{
	{suv, "defaultSnapshotUpdateVerifyInput", reflect.TypeFor[workflows.SnapshotUpdateVerifyInput](), 18},
	{rollback, "defaultRollbackByRestoreInput", reflect.TypeFor[workflows.RollbackByRestoreInput](), 1},
	{rotation, "defaultSnapshotRotationInput", reflect.TypeFor[workflows.SnapshotRotationInput](), 6},
	{fleet, "defaultFleetUpdateInput", reflect.TypeFor[workflows.FleetUpdateInput](), 3},
	{audit, "decodeSnapshotAudit", reflect.TypeFor[workflows.SnapshotAuditInput](), 1},
}

// The defaults of a schema are read against the runbooks' own source: nothing else that is exported says them.
func TestTheDefaultsAreThoseOfTheRunbooks(t *testing.T) {
	files := parsed(t, "../../../workflows/*.go")
	for _, d := range defaultsOf {
		found := map[string]string{}
		constants := constantsOf(files)
		for _, literal := range literalsIn(files, d.function, d.goes.Name()) {
			leaves(literal, d.goes, "", constants, found)
		}
		s, err := For(d.kind)
		require.NoError(t, err)
		for path, want := range found {
			at := s.at(strings.Split(path, ".")...)
			require.NotNil(t, at, "%s %s", d.kind, path)
			assert.Equal(t, want, strings.Trim(string(written(t, at.Default)), `"`), "%s %s", d.kind, path)
		}
		assert.GreaterOrEqual(t, len(found), d.atLeast, "%s: %v", d.function, found)
	}
}

func parsed(t *testing.T, pattern string) []*ast.File {
	t.Helper()
	names, err := filepath.Glob(pattern)
	require.NoError(t, err)
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		require.NoError(t, err)
		files = append(files, file)
	}
	return files
}

// constantsOf are the string constants of a package by their Go names.
func constantsOf(files []*ast.File) map[string]string {
	all := map[string]string{"PolicyRotation": contract.PolicyRotation}
	for _, file := range files {
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			for i := 0; ok && i < len(spec.Names) && i < len(spec.Values); i++ {
				if literal, ok := spec.Values[i].(*ast.BasicLit); ok && literal.Kind == token.STRING {
					all[spec.Names[i].Name], _ = strconv.Unquote(literal.Value) // the parser has read it
				}
			}
			return true
		})
	}
	return all
}

// literalsIn are the composite literals of a type inside of a function.
func literalsIn(files []*ast.File, function, name string) []*ast.CompositeLit {
	var all []*ast.CompositeLit
	for _, file := range files {
		for _, declared := range file.Decls {
			f, ok := declared.(*ast.FuncDecl)
			if !ok || f.Name.Name != function {
				continue
			}
			ast.Inspect(f, func(n ast.Node) bool {
				literal, ok := n.(*ast.CompositeLit)
				if !ok {
					return true
				}
				if id, ok := literal.Type.(*ast.Ident); ok && id.Name == name {
					all = append(all, literal)
				}
				return true
			})
		}
	}
	return all
}

// leaves collects the values of a literal by their JSON paths. What is computed at run time is left out.
func leaves(literal *ast.CompositeLit, goes reflect.Type, path string, constants map[string]string, into map[string]string) {
	for _, element := range literal.Elts {
		pair, ok := element.(*ast.KeyValueExpr)
		if !ok {
			continue
		}
		field, ok := goes.FieldByName(pair.Key.(*ast.Ident).Name)
		if !ok {
			continue
		}
		at := strings.TrimPrefix(path+"."+jsonName(field), ".")
		inner, isLiteral := pair.Value.(*ast.CompositeLit)
		switch {
		case isLiteral && field.Type == amountType:
			into[at] = inner.Elts[0].(*ast.KeyValueExpr).Value.(*ast.BasicLit).Value
		case isLiteral:
			leaves(inner, field.Type, at, constants, into)
		default:
			if value := valueOf(pair.Value, constants); value != "" {
				into[at] = value
			}
		}
	}
}

// valueOf is a constant as JSON writes it, without quotes; empty for what is none.
func valueOf(e ast.Expr, constants map[string]string) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		return strings.Trim(e.Value, `"`)
	case *ast.Ident:
		if e.Name == "true" || e.Name == "false" {
			return e.Name
		}
		return constants[e.Name]
	case *ast.SelectorExpr:
		return constants[e.Sel.Name]
	case *ast.CallExpr: // Duration(30 * time.Minute)
		return lengthOf(e.Args[0])
	default: // computed
		return ""
	}
}

func lengthOf(e ast.Expr) string {
	units := map[string]time.Duration{"Second": time.Second, "Minute": time.Minute, "Hour": time.Hour}
	count, unit := 1, e
	if product, ok := e.(*ast.BinaryExpr); ok {
		count, _ = strconv.Atoi(product.X.(*ast.BasicLit).Value) // a literal number
		unit = product.Y
	}
	selector, ok := unit.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	return contract.Duration(time.Duration(count) * units[selector.Sel.Name]).String()
}
