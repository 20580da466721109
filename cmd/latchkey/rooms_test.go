package main_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// rooms reads the list of packages from a text like ARCHITECTURE.md: the first block of code
// below the heading "The rooms". A line that begins with a blank continues the one before.
func rooms(text string) ([]string, error) {
	_, section, _ := strings.Cut(text, "\n## The rooms\n")
	_, block, _ := strings.Cut(section, "\n```\n")
	block, _, closed := strings.Cut(block, "\n```\n")
	if !closed {
		return nil, fmt.Errorf("no block of code below the heading %q", "The rooms")
	}
	var list []string
	for line := range strings.Lines(block) {
		if strings.TrimSpace(line) != "" && line[0] != ' ' {
			list = append(list, alternatives(strings.Fields(line)[0])...)
		}
	}
	return list, nil
}

// alternatives are the names that "a/{b,c}" stands for.
func alternatives(name string) []string {
	before, rest, _ := strings.Cut(name, "{")
	inside, after, several := strings.Cut(rest, "}")
	if !several {
		return []string{name}
	}
	var list []string
	for _, part := range strings.Split(inside, ",") {
		list = append(list, before+part+after)
	}
	return list
}

func TestArchitecture_NamesExactlyThePackagesThatExist(t *testing.T) {
	text, err := os.ReadFile("../../ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	named, err := rooms(string(text))
	if err != nil {
		t.Fatal(err)
	}
	var exist []string
	for _, p := range listPackages(t) {
		exist = append(exist, strings.TrimPrefix(p.ImportPath, module+"/"))
	}
	for i, name := range named {
		if !slices.Contains(exist, name) {
			t.Errorf("ARCHITECTURE.md names %s, which is no package", name)
		}
		if slices.Contains(named[:i], name) {
			t.Errorf("ARCHITECTURE.md names %s twice", name)
		}
	}
	for _, name := range exist {
		if !slices.Contains(named, name) {
			t.Errorf("ARCHITECTURE.md does not name %s", name)
		}
	}
}

func TestRooms_ReadsLinesBracesAndContinuations(t *testing.T) {
	got, err := rooms("# A\n```\nnot/this\n```\n\n## The rooms\n\nText.\n\n```\na/b   what it is\n      more of it\n\na/{c,d}/e\n```\n\n```\nnor/this\n```\n")
	if want := []string{"a/b", "a/c/e", "a/d/e"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
	if got, err := rooms("## The rooms\n"); err == nil {
		t.Errorf("without a list: %q", got)
	}
}
