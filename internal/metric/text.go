package metric

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// family is a metric as it is written: all values of one name.
type family struct {
	name, help, kind string
	labels           []string
	samples          []sample
}

// The kinds of metrics.
const (
	counterKind   = "counter"
	gaugeKind     = "gauge"
	histogramKind = "histogram"
)

// sample is one value of a family.
type sample struct {
	suffix string // "_bucket", "_sum", "_count" or ""
	labels []string
	le     string // upper bound of a bucket
	value  float64
}

// add adds a value for the labels.
func (f *family) add(value float64, labels ...string) {
	f.samples = append(f.samples, sample{labels: labels, value: value})
}

// addHistogram adds the values of a histogram. counts are cumulative, one for each bound.
func (f *family) addHistogram(bounds []float64, counts []uint64, count uint64, sum float64, labels ...string) {
	for i, bound := range bounds {
		f.samples = append(f.samples, sample{"_bucket", labels, number(bound), float64(counts[i])})
	}
	f.samples = append(f.samples, sample{"_bucket", labels, "+Inf", float64(count)}, sample{"_sum", labels, "", sum},
		sample{"_count", labels, "", float64(count)})
}

// write writes the family in the text format of Prometheus; nothing without values.
func (f *family) write(w io.Writer) {
	if len(f.samples) == 0 {
		return
	}
	fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s %s\n", f.name, f.help, f.name, f.kind)
	for _, s := range f.samples {
		names, values := f.labels, s.labels
		if s.le != "" {
			names, values = append(slices.Clip(names), "le"), append(slices.Clip(values), s.le)
		}
		var pairs []string
		for i, name := range names {
			pairs = append(pairs, name+`="`+values[i]+`"`) // no value has a character that needs escaping
		}
		labels := strings.Join(pairs, ",")
		if labels != "" {
			labels = "{" + labels + "}"
		}
		fmt.Fprintf(w, "%s%s%s %s\n", f.name, s.suffix, labels, number(s.value))
	}
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// labelled holds a T for each combination of up to three labels.
type labelled[T any] struct {
	mu    sync.RWMutex
	made  map[[3]string]*T
	empty func() *T
}

// of returns the T of the labels.
func (l *labelled[T]) of(labels [3]string) *T {
	l.mu.RLock()
	t := l.made[labels]
	l.mu.RUnlock()
	if t != nil {
		return t
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if t = l.made[labels]; t == nil {
		t = l.empty()
		if l.made == nil {
			l.made = map[[3]string]*T{}
		}
		l.made[labels] = t
	}
	return t
}

// each calls do with every T, in the order of the labels.
func (l *labelled[T]) each(do func(labels [3]string, t *T)) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	keys := make([][3]string, 0, len(l.made))
	for k := range l.made {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b [3]string) int {
		return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1]), cmp.Compare(a[2], b[2]))
	})
	for _, k := range keys {
		do(k, l.made[k])
	}
}

// counter counts.
type counter struct{ n atomic.Uint64 }

func newCounter() *counter { return new(counter) }

// histogram counts values by size.
type histogram struct {
	bounds []float64
	counts []atomic.Uint64 // by bound, the last for what is larger
	sum    atomic.Uint64   // bits of a float64
}

func newHistogram(bounds []float64) *histogram {
	return &histogram{bounds: bounds, counts: make([]atomic.Uint64, len(bounds)+1)}
}

// exponential returns n bounds from the first, each so many times the one before.
func exponential(first, times float64, n int) []float64 {
	bounds := make([]float64, n)
	for i := range bounds {
		bounds[i] = first
		first *= times
	}
	return bounds
}

func (h *histogram) observe(v float64) {
	i, _ := slices.BinarySearch(h.bounds, v)
	h.counts[i].Add(1)
	for {
		old := h.sum.Load()
		if h.sum.CompareAndSwap(old, math.Float64bits(math.Float64frombits(old)+v)) {
			return
		}
	}
}

// addTo adds the histogram to a family.
func (h *histogram) addTo(f *family, labels ...string) {
	var total uint64
	counts := make([]uint64, len(h.bounds))
	for i := range h.counts {
		total += h.counts[i].Load()
		if i < len(counts) {
			counts[i] = total
		}
	}
	f.addHistogram(h.bounds, counts, total, math.Float64frombits(h.sum.Load()), labels...)
}
