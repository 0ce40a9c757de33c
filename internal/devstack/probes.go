package devstack

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
)

// probeTimeout bounds one look at a local process.
const probeTimeout = 2 * time.Second

// probeTemporal wants the namespace too: the frontend answers before it is usable.
func (s *Stack) probeTemporal(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	c, err := client.DialContext(ctx, client.Options{
		HostPort: s.TemporalAddress,
		Logger:   sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	})
	if err != nil {
		return fmt.Errorf("connect to Temporal: %w", err)
	}
	defer c.Close()
	_, err = c.WorkflowService().DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: "default"})
	if err != nil {
		return fmt.Errorf("look at the namespace: %w", err)
	}
	return nil
}

// probeFake asks whose token it is: the token is random, so the answer shows that the port belongs to our own stand-in.
func (s *Stack) probeFake(ctx context.Context) error {
	return probeHTTP(ctx, s.APIURL+"/account/me/", http.Header{"Authorization": {"Bearer " + s.token}})
}

func probeHTTP(ctx context.Context, url string, header http.Header) error {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("look at %s: %w", url, err)
	}
	if header != nil {
		req.Header = header
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("look: %w", err)
	}
	defer func() { _ = resp.Body.Close() }() // only the status matters
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", url, resp.Status)
	}
	return nil
}
