package audit

import (
	"fmt"
	"time"

	"latchkey/internal/audit"
	"latchkey/internal/zone"
	"latchkey/views/component"
	page "latchkey/views/page/audit"
	"latchkey/web/ui/kit"
)

// The chart has at most chartBars bars. A phone shows only the last phoneBars, which are wide
// enough for a finger.
const (
	chartBars = 30
	phoneBars = 12
	slotWidth = 10 // of a bar and the gap after it
)

// chartDays returns the limits of the chart's bars: the days of the filter, or the last thirty
// days. If there are more days than bars, each bar covers several. The last element ends the last
// bar.
func chartDays(f audit.Filter, now time.Time) []time.Time {
	end := zone.AddDays(now, 1)
	if !f.Until.IsZero() {
		end = f.Until
	}
	start := zone.AddDays(end, -chartBars)
	if !f.From.IsZero() && f.From.Before(end) {
		start = zone.DayOf(f.From.In(now.Location()))
	}
	days := int((end.Sub(start) + kit.Day/2) / kit.Day) // clocks may have changed in between
	step := max(1, (days+chartBars-1)/chartBars)
	var out []time.Time
	for at := start; at.Before(end); at = zone.AddDays(at, step) {
		out = append(out, at)
	}
	return append(out, end)
}

// chartView returns the chart of the counts. Each bar links to the events of its days.
func chartView(q logQuery, days []time.Time, counts []int) *page.Chart {
	bars := len(days) - 1
	if len(counts) < bars {
		counts = make([]int, len(days))
	}
	total, most := 0, 0
	for _, n := range counts[:bars] {
		total, most = total+n, max(most, n)
	}
	m := &page.Chart{Card: component.CardModel{ID: "activity", Title: "Activity"}}
	span := "from " + kit.Dates(days[0], days[bars].Add(-1))
	m.Text = kit.Count(total, "event", "events") + " " + span + ". Choose a bar to see its events."
	if total == 0 {
		m.Text = "No events " + span + "."
	}
	older := max(0, bars-phoneBars)
	draw := func(from, to, slots int, label string) page.Bars {
		run := page.Bars{ViewBox: fmt.Sprintf("0 0 %d 100", slots*slotWidth), Label: label}
		for i := from; i < to; i++ {
			run.Bars = append(run.Bars, barView(q, days[i], days[i+1], counts[i], most, slots-to+i))
		}
		if from < to {
			run.First, run.Last = kit.ShortDate(days[from]), kit.ShortDate(days[to].Add(-1))
		}
		return run
	}
	m.Older = draw(0, older, chartBars-phoneBars, "Events per day, the older ones")
	m.Newer = draw(older, bars, phoneBars, "Events per day")
	return m
}

// barView returns the bar of the n events between from and to; slot counts from the left.
func barView(q logQuery, from, to time.Time, n, most, slot int) page.Bar {
	b := page.Bar{Slot: fmt.Sprint(slot * slotWidth), Left: fmt.Sprintf("%.1f", float64(slot*slotWidth)+1.5)}
	if n == 0 {
		return b
	}
	height := max(3, 100*n/most)
	last := to.Add(-1)
	b.Top, b.Height = fmt.Sprint(100-height), fmt.Sprint(height)
	b.Href = q.with(paramFrom, from.Format(time.DateOnly), paramTo, last.Format(time.DateOnly), paramLast, "").at()
	b.Label = kit.Dates(from, last) + ": " + kit.Count(n, "event", "events")
	return b
}
