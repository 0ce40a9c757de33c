package e2e

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// channel is one way in which a secret could get out.
type channel string

const (
	inHistory channel = "histories"                // of every workflow: the raw bytes with every payload as it is, and the JSON
	inList    channel = "list rows"                // what the list of workflows shows: memos, search attributes
	inLog     channel = "logs"                     // what workers, the stand-in, Temporal and the command line said
	inMetrics channel = "metrics and health pages" // of the workers
	inProcess channel = "command lines"            // as ps shows them
	inFile    channel = "database"                 // the file of a Temporal server, whatever is in it
)

// search is one pass over everything that was left behind.
type search struct {
	mu    sync.Mutex // guards what follows
	items map[channel]int
	bytes map[channel]int
	hits  []hit
}

// hit is a secret that got out. It never holds the secret itself.
type hit struct {
	channel      channel
	where, which string
}

func (h hit) String() string { return fmt.Sprintf("%s, %s: %s", h.channel, h.where, h.which) }

func newSearch() *search { return &search{items: map[channel]int{}, bytes: map[channel]int{}} }

// look looks for every secret in a text; parts of one item are counted once.
func (s *search) look(in channel, where string, parts ...[]byte) {
	var hits []hit
	size := 0
	for _, text := range parts {
		size += len(text)
		for _, which := range secrets.find(text) {
			hits = append(hits, hit{in, where, which})
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.items[in]++
	s.bytes[in] += size
	s.hits = append(s.hits, hits...)
}

// String says what was looked at.
func (s *search) String() string {
	var words []string
	for _, in := range []channel{inHistory, inList, inLog, inMetrics, inProcess, inFile} {
		if s.items[in] > 0 {
			words = append(words, fmt.Sprintf("%d %s (%.1f MB)", s.items[in], in, float64(s.bytes[in])/1e6))
		}
	}
	return strings.Join(words, ", ")
}

// collected looks at what was gathered while the tests ran, and at the logs of the stack.
func (s *search) collected(c *collection, logs ...string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, dir := range append(logs, c.dir) {
		err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			text, err := os.ReadFile(path)
			s.look(inLog, entry.Name(), text)
			return err
		})
		if err != nil {
			return fmt.Errorf("read the logs: %w", err)
		}
	}
	for listen, text := range c.metrics {
		s.look(inMetrics, "the worker at "+listen, []byte(text))
	}
	for line := range c.commands {
		program, _, _ := strings.Cut(line, "\x00")
		s.look(inProcess, filepath.Base(program), []byte(line), []byte(strings.ReplaceAll(line, "\x00", " ")))
	}
	return nil
}

// histories looks at every workflow of a Temporal server.
func (s *search) histories(temp client.Client) error {
	const atOnce = 4
	type run struct{ id, runID string }
	runs, failed := make(chan run, 100), make([]error, atOnce)
	var all sync.WaitGroup
	for i := range atOnce {
		all.Go(func() {
			for r := range runs {
				failed[i] = errors.Join(failed[i], s.history(temp, r.id, r.runID))
			}
		})
	}
	err := func() error {
		defer close(runs)
		for next := []byte(nil); ; {
			page, err := temp.ListWorkflow(context.Background(), &workflowservice.ListWorkflowExecutionsRequest{NextPageToken: next, PageSize: 500})
			if err != nil {
				return fmt.Errorf("list the workflows: %w", err)
			}
			for _, info := range page.GetExecutions() {
				row, err := proto.Marshal(info)
				if err != nil {
					return err
				}
				s.look(inList, info.GetExecution().GetWorkflowId(), row)
				runs <- run{info.GetExecution().GetWorkflowId(), info.GetExecution().GetRunId()}
			}
			if next = page.GetNextPageToken(); len(next) == 0 {
				return nil
			}
		}
	}()
	all.Wait()
	return errors.Join(append(slices.Clone(failed), err)...)
}

// history looks at one run's events: as bytes, where every payload and every failure stands as it is, and as the JSON that
// the UI and the CLI export, where payloads are in base64.
func (s *search) history(temp client.Client, id, runID string) error {
	var parts [][]byte
	for next := []byte(nil); ; {
		page, err := temp.WorkflowService().GetWorkflowExecutionHistory(context.Background(), &workflowservice.GetWorkflowExecutionHistoryRequest{
			Namespace: "default", Execution: &commonpb.WorkflowExecution{WorkflowId: id, RunId: runID}, NextPageToken: next,
			HistoryEventFilterType: enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT,
		})
		if err != nil {
			return fmt.Errorf("read the history of %s: %w", id, err)
		}
		raw, err := proto.Marshal(page.GetHistory())
		if err != nil {
			return err
		}
		text, err := protojson.Marshal(page.GetHistory())
		if err != nil {
			return err
		}
		parts = append(parts, raw, text)
		if next = page.GetNextPageToken(); len(next) == 0 {
			break
		}
	}
	s.look(inHistory, id, parts...)
	return nil
}
