package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/safepoint-dev/safepoint/starter/internal/render"
)

// truth is what the stand-in knows of a server, whatever the runs say.
type truth struct {
	ID       int64  `json:"id"`
	Status   string `json:"status"`
	Restores int    `json:"restores"`
	Deploys  int    `json:"deploys"`
}

type allTruth struct {
	Servers   []truth `json:"servers"`
	Snapshots []struct {
		ServerID int64 `json:"server_id"`
	} `json:"snapshots"`
	Violations []struct {
		Law    int    `json:"law"`
		Detail string `json:"detail"`
	} `json:"violations"`
}

// proof is what an act left behind.
type proof struct {
	outcome   string
	page      string
	healthy   bool
	snapshots int
	truth
}

// curtain prints the reports and checks every promise against the servers.
func (s *show) curtain(ctx context.Context) error {
	took := time.Since(s.began)
	for _, a := range s.acts {
		s.print("")
		s.print(strings.TrimRight(render.Report(*a.report, s.Palette), "\n"))
	}
	s.print("\n" + s.Palette.Bold("What the servers say"))
	var all allTruth
	if err := fetchJSON(ctx, s.stack.FakeURL+"/fake/state", &all); err != nil {
		return fmt.Errorf("ask the stand-in what it saw: %w", err)
	}
	var broken []error
	for _, a := range s.acts {
		p, err := s.proofOf(ctx, a, all)
		if err == nil {
			err = a.judge(p)
		}
		broken = append(broken, err)
		s.print(s.verdictLine(a, p, err))
	}
	for _, v := range all.Violations {
		broken = append(broken, fmt.Errorf("the API saw law %d broken: %s", v.Law, v.Detail))
	}
	if err := errors.Join(broken...); err != nil {
		return err
	}
	s.print("\n" + s.Palette.Good(fmt.Sprintf("All four ended as promised in %s: every change was made once, every server has one snapshot,", render.Elapsed(took))))
	s.print(s.Palette.Good("and each bad change was undone by exactly one restore, although its worker died."))
	return nil
}

func (s *show) proofOf(ctx context.Context, a *act, all allTruth) (proof, error) {
	p := proof{outcome: string(a.report.Outcome)}
	for _, t := range all.Servers {
		if t.ID == a.server {
			p.truth = t
		}
	}
	for _, snapshot := range all.Snapshots {
		if snapshot.ServerID == a.server {
			p.snapshots++
		}
	}
	var err error
	if _, p.page, err = fetch(ctx, s.stack.SiteURL(a.server)); err != nil {
		return p, err
	}
	status, _, err := fetch(ctx, s.stack.SiteURL(a.server)+"healthz")
	p.healthy = status == http.StatusOK
	return p, err
}

// judge compares what an act promised with what it left behind.
func (a *act) judge(p proof) error {
	var broken []error
	expect := func(ok bool, format string, args ...any) {
		if !ok {
			broken = append(broken, fmt.Errorf(a.id+": "+format, args...))
		}
	}
	restores := 1
	if a.good {
		restores = 0
	}
	expect(p.outcome == string(a.outcome()), "ended as %s, not %s", p.outcome, a.outcome())
	expect(strings.Contains(p.page, "version "+a.version()), "the site does not serve version %s", a.version())
	expect(p.healthy, "the site is not healthy")
	expect(p.Status == "active", "the server is %q, not active", p.Status)
	expect(p.Deploys == 1, "the change was made %d times, not once", p.Deploys)
	expect(p.snapshots == 1, "there are %d snapshots, not one", p.snapshots)
	expect(p.Restores == restores, "%d restores took effect, not %d", p.Restores, restores)
	expect(a.killed == a.kills, "its worker was killed %d times, not %d", a.killed, a.kills)
	return errors.Join(broken...)
}

func (s *show) verdictLine(a *act, p proof, err error) string {
	mark := s.Palette.Good("✓")
	if err != nil {
		mark = s.Palette.Bad("✗")
	}
	return strings.TrimRight(fmt.Sprintf("  %s %d %-25s%-12s serves %s   %s   %s   %s", mark, a.number, a.title,
		strings.ToLower(render.Word(a.report.Outcome)), versionIn(p.page), count(p.Deploys, "deploy"), count(p.snapshots, "snapshot"), count(p.Restores, "restore")), " ")
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what + " "
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// versionIn finds the version on a site's page.
func versionIn(page string) string {
	_, rest, found := strings.Cut(page, "version ")
	if !found {
		return "nothing"
	}
	version, _, _ := strings.Cut(rest, "<")
	return render.Clean(strings.TrimSpace(version))
}

const maxPage = 1 << 20

func fetch(ctx context.Context, url string) (status int, body string, err error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, "", fmt.Errorf("fetch %s: %w", url, err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", fmt.Errorf("fetch: %w", err)
	}
	defer func() { _ = resp.Body.Close() }() // read whole below
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxPage))
	if err != nil {
		return 0, "", fmt.Errorf("fetch %s: %w", url, err)
	}
	return resp.StatusCode, string(data), nil
}

func fetchJSON(ctx context.Context, url string, into any) error {
	_, body, err := fetch(ctx, url)
	if err != nil {
		return err
	}
	return json.Unmarshal([]byte(body), into)
}
