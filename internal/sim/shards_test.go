package sim

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// summary is what became of many seeds.
type summary struct {
	Seeds  int            `json:"seeds"`
	Ends   map[string]int `json:"ends"`
	Saw    coverage       `json:"saw"`
	Failed []failedSeed   `json:"failed,omitempty"`
}

type failedSeed struct {
	Seed     uint64    `json:"seed"`
	Findings []finding `json:"findings"`
}

// shardVariable tells a process that it is one of those that share the seeds: "first step count".
const shardVariable = "SAFEPOINT_SIM_SHARD"

const (
	// stuckAfter is when a world that makes no progress in real time has met a deadlock: worlds take milliseconds.
	stuckAfter = 2 * time.Minute
	// giveUpAfter is how many failing seeds a process needs to see.
	giveUpAfter = 20
)

// runSeeds shares the seeds between as many processes as there are cores. Each runs one world at a time on one core:
// the SDK keeps workflows in one place for the whole process, and goroutines that really run at once would make two
// runs of one seed differ.
func runSeeds(t *testing.T, from uint64, n int) summary {
	t.Helper()
	processes := min(setting(t, "SAFEPOINT_SIM_PROCESSES", runtime.NumCPU()), n)
	var (
		mu  sync.Mutex
		all = summary{Ends: map[string]int{}, Saw: coverage{}}
		wg  sync.WaitGroup
	)
	for shard := range processes {
		count := (n - shard + processes - 1) / processes
		wg.Go(func() {
			one, err := runShard(fmt.Sprintf("%d %d %d", from+uint64(shard), processes, count))
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Errorf("a process of the simulation failed: %v", err)
			}
			all.add(one)
		})
	}
	wg.Wait()
	return all
}

func (s *summary) add(o summary) {
	s.Seeds += o.Seeds
	for end, n := range o.Ends {
		s.Ends[end] += n
	}
	s.Saw.add(o.Saw)
	s.Failed = append(s.Failed, o.Failed...)
}

// runShard runs a share in a process of its own.
func runShard(share string) (summary, error) {
	program, err := os.Executable()
	if err != nil {
		return summary{}, err
	}
	cmd := exec.Command(program, "-test.run", "^TestAShareOfTheSeeds$", "-test.timeout", "0", "-test.v")
	// Few collections: what a world leaves behind is gone at once. For the last setting see startWithDeepStacks.
	cmd.Env = append(os.Environ(), shardVariable+"="+share, "GOMAXPROCS=1", "GOGC=1200", "GODEBUG=adaptivestackstart=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		return summary{}, err
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		return summary{}, err
	}
	var (
		result  summary
		last    string
		trouble []string
	)
	watchdog := time.AfterFunc(stuckAfter, func() { _ = cmd.Process.Signal(os.Interrupt); _ = cmd.Process.Kill() })
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		watchdog.Reset(stuckAfter)
		switch kind, rest, _ := strings.Cut(lines.Text(), " "); kind {
		case "seed":
			last = rest
		case "summary":
			err = json.Unmarshal([]byte(rest), &result)
		default:
			trouble = append(trouble, lines.Text())
		}
	}
	watchdog.Stop()
	if end := cmd.Wait(); end != nil || err != nil || result.Seeds == 0 {
		return result, fmt.Errorf("after it began seed %s: %v %v\n%s", last, end, err, strings.Join(trouble[max(len(trouble)-200, 0):], "\n"))
	}
	return result, nil
}

// Without a share of its own it runs a few seeds, so that it is a test like any other.
func TestAShareOfTheSeeds(t *testing.T) {
	first, step, count := uint64(1), 1, 10
	if share := os.Getenv(shardVariable); share != "" {
		_, err := fmt.Sscanf(share, "%d %d %d", &first, &step, &count)
		require.NoError(t, err)
		startWithDeepStacks()
	}
	sum := summary{Ends: map[string]int{}, Saw: coverage{}}
	for n := range count {
		seed := first + uint64(n*step)
		fmt.Println("seed", seed)
		o := simulate(t, draw(seed), false)
		sum.add(summary{Seeds: 1, Ends: o.ends, Saw: o.saw})
		if len(o.findings) > 0 {
			sum.Failed = append(sum.Failed, failedSeed{seed, o.findings})
			if len(sum.Failed) >= giveUpAfter {
				break
			}
		}
	}
	if os.Getenv(shardVariable) == "" {
		require.Empty(t, sum.Failed)
		return
	}
	b, err := json.Marshal(sum)
	require.NoError(t, err)
	fmt.Println("summary", string(b))
}
