package importer

import (
	"strings"
	"testing"
)

type clumsyWorker struct{ secret string }

func (w clumsyWorker) work(*block) error { panic(w.secret) }

// TestMistakeStaysInItsFile shows that a panic ends the one import, and that nothing of the record is told.
func TestMistakeStaysInItsFile(t *testing.T) {
	t.Parallel()
	err := safely(clumsyWorker{"jo@example.com"}, &block{first: 7, spans: make([]span, 3)})
	if err == nil || !strings.Contains(err.Error(), "records 7 to 9") || strings.Contains(err.Error(), "jo@") {
		t.Errorf("got %v", err)
	}
}
