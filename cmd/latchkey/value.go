package main

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"latchkey/internal/config"
)

// value is a variable that a flag or an argument sets.
type value struct {
	placeholder string // what help shows in its place
	set         func(text string) error
	show        func() string // what it holds; "" if there is nothing to say
	isSwitch    bool          // it is true if the flag is given without a value
	among       []string      // the only values, if it has a choice
}

// Set, String and Type make a pflag.Value of it.
func (v value) Set(text string) error { return v.set(text) }
func (v value) String() string        { return v.show() }
func (v value) Type() string          { return v.placeholder }

// text is any text.
func text(p *string, placeholder string) value {
	return value{placeholder: placeholder,
		set:  func(text string) error { *p = text; return nil },
		show: func() string { return *p }}
}

// choice is one of a few words.
func choice(p *string, among ...string) value {
	v := text(p, strings.Join(among, "|"))
	v.among = among
	v.set = func(text string) error {
		if !slices.Contains(among, text) {
			last := len(among) - 1
			return fmt.Errorf("%q is not %s or %s", text, strings.Join(among[:last], ", "), among[last])
		}
		*p = text
		return nil
	}
	return v
}

// existing is the path of a file that exists.
func existing(p *string, placeholder string) value {
	v := text(p, placeholder)
	v.set = func(path string) error {
		*p = path
		return exists(path)
	}
	return v
}

// exists returns an error unless path is a file. The callers name the flag or the argument.
func exists(path string) error {
	info, err := os.Stat(path)
	if err == nil && info.IsDir() {
		err = fmt.Errorf("%q is a folder", path)
	}
	return err
}

// list is any number of texts: separated by commas, by repeating the flag, or both. A backslash
// makes a comma part of a text.
func list(p *[]string, placeholder string) value {
	return value{placeholder: placeholder + ",...",
		set:  func(text string) error { *p = append(*p, split(text)...); return nil },
		show: func() string { return strings.Join(*p, ",") }}
}

// existingList is a list of paths of files that exist.
func existingList(p *[]string, placeholder string) value {
	v := list(p, placeholder)
	v.set = func(text string) error {
		for _, path := range split(text) {
			*p = append(*p, path)
			if err := exists(path); err != nil {
				return err
			}
		}
		return nil
	}
	return v
}

// split cuts a list at its commas. Nothing follows a comma at the end.
func split(text string) (parts []string) {
	const comma = "\x00"
	text = strings.ReplaceAll(text, `\,`, comma)
	if text = strings.TrimSuffix(text, ","); text == "" {
		return nil
	}
	for part := range strings.SplitSeq(text, ",") {
		parts = append(parts, strings.ReplaceAll(part, comma, ","))
	}
	return parts
}

// number is a whole number between two others.
func number(p *int, placeholder string, least, most int) value {
	return value{placeholder: placeholder,
		set: func(text string) error {
			n, err := strconv.Atoi(text)
			if err != nil {
				return fmt.Errorf("%q is not a whole number", text)
			}
			if n < least || n > most {
				return fmt.Errorf("must be between %d and %d", least, most)
			}
			*p = n
			return nil
		},
		show: func() string { return strconv.Itoa(*p) }}
}

// duration is a time such as 30s.
func duration(p *time.Duration) value {
	return value{placeholder: "DURATION",
		set: func(text string) error {
			d, err := time.ParseDuration(text)
			if err != nil {
				return fmt.Errorf("%q does not look like 30s, 5m or 1h30m", text)
			}
			*p = d
			return nil
		},
		show: func() string { return p.String() }}
}

// retention is a time such as 90d.
func retention(p *time.Duration) value {
	return value{placeholder: "TIME",
		set: func(text string) error {
			var r config.Retention
			err := r.UnmarshalText([]byte(text))
			*p = time.Duration(r)
			return err
		},
		show: func() string {
			if *p == 0 {
				return "0"
			}
			return p.String()
		}}
}

// yesNo is true or false.
func yesNo(p *bool) value {
	return value{isSwitch: true,
		set: func(text string) error {
			switch strings.ToLower(text) {
			case "true", "1", "yes":
				*p = true
			case "false", "0", "no":
				*p = false
			default:
				return fmt.Errorf("%q is not true, 1, yes, false, 0 or no", text)
			}
			return nil
		},
		show: func() string {
			if !*p {
				return ""
			}
			return "true"
		}}
}
