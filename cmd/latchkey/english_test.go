package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// translated are words and phrases that nobody says to a colleague, with what to write instead.
var translated = []struct{ word, instead string }{
	{`\btill\b|(?-i:[a-z]Till\b)`, "until"},
	{`\bfor ever\b`, "forever"},
	{`\be-mails?\b`, "email"},
	{`\bcannot be had\b|\bto be had\b`, "cannot be read, is not available"},
	{`\bof no account\b`, "unknown, ignored"},
	{`\bgood for nothing\b`, "no longer works, inactive"},
	{`\bfor who\b`, "for those who, or name the thing"},
	{`\bwhoever\b`, "anyone who, the caller, the member"},
	{`\b(is|are|be) told that\b`, "learns that, or name the call"},
	{`\btold apart\b`, "distinguished"},
	{`\bthere (already|twice)\b`, "already exists, is repeated"},
	{`\bmeans nothing\b`, "has no effect, is ignored"},
	{`\banew\b`, "again"},
	{`\bhalf-way\b`, "halfway, partly"},
	{`\bworth a look\b`, "needs review"},
	{`\bwaits? for a choice\b`, "is open, to resolve"},
	{`\bwhat (is to become|becomes) of\b`, "how it is handled"},
	{`\bclashes with something\b|\bwas quicker\b`, "name the conflict"},
	{`\bKeepStep\b|\bhandful\b`, "a name that needs no comment"},
}

// aboutLanguage reports whether a file is part of the product and written here.
func aboutLanguage(path string) bool {
	switch name := filepath.Base(path); {
	case strings.HasSuffix(name, "_test.go"), strings.HasSuffix(name, "_templ.go"), name == "LICENSE.md":
		return false
	case strings.HasPrefix(path, "static/vendor/basecoat/"):
		return false
	}
	return slices.Contains([]string{".go", ".templ", ".js", ".md", ".yaml", ".conf"}, filepath.Ext(path))
}

// withoutLanguage reports whether a folder has no texts of the product: tests and the packages
// that only tests use, and build output.
func withoutLanguage(name string) bool {
	return name == "testdata" || name == "e2e" || name == "bin" || name == "data" || strings.HasSuffix(name, "test") ||
		(name != "." && name != ".." && strings.HasPrefix(name, "."))
}

func TestEnglish_HasNoTranslatedWords(t *testing.T) {
	root := filepath.Join("..", "..")
	patterns := make([]*regexp.Regexp, len(translated))
	for i, w := range translated {
		patterns[i] = regexp.MustCompile(`(?i:` + w.word + `)`)
	}
	files := 0
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		path, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		path = filepath.ToSlash(path)
		if entry.IsDir() && withoutLanguage(entry.Name()) {
			return filepath.SkipDir
		}
		if entry.IsDir() || !aboutLanguage(path) {
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		files++
		for _, found := range translatedIn(string(text), patterns) {
			t.Errorf("%s:%s", path, found)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 100 {
		t.Errorf("only %d files were read", files)
	}
}

// translatedIn returns the words of patterns in a text, each with its line and what to write.
func translatedIn(text string, patterns []*regexp.Regexp) (found []string) {
	for i, line := range strings.Split(text, "\n") {
		for n, pattern := range patterns {
			if word := pattern.FindString(line); word != "" {
				found = append(found, fmt.Sprintf("%d: %q; write: %s", i+1, word, translated[n].instead))
			}
		}
	}
	return found
}
