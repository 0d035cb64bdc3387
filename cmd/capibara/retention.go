package main

import (
	"context"
	"time"

	"capibara/importer"

	"github.com/rs/zerolog"
)

// pruneEvery is how often a running process looks for files that are older than they may become.
const pruneEvery = 24 * time.Hour

// prune deletes archived and rejected files and receipts that are older than keep, now and once a day until ctx is done.
func prune(ctx context.Context, im *importer.Importer, keep time.Duration, log zerolog.Logger) error {
	if keep == 0 {
		return nil
	}
	again := time.NewTicker(pruneEvery)
	defer again.Stop()
	for {
		n, err := im.Prune(ctx, keep)
		if err != nil && ctx.Err() == nil {
			log.Warn().Err(err).Msg("files that are past their retention could not all be deleted; they hold personal data")
		}
		if n > 0 {
			log.Info().Int("files", n).Stringer("older_than", duration(keep)).Msg("archived and rejected files and receipts were deleted, as retention.files says")
		}
		select {
		case <-ctx.Done():
			return nil
		case <-again.C:
		}
	}
}
