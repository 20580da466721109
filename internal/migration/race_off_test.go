//go:build !race

package migration_test

const raceDetector = false
