package main

import (
	"net"

	"capibara/uploader/sandbox"

	"github.com/spf13/cobra"
)

func newSandboxCommand(a *app) *cobra.Command {
	var (
		config sandbox.Config
		listen string
		faults []string
	)
	var kinds string
	for _, k := range sandbox.Kinds() {
		kinds += " " + string(k)
	}
	cmd := &cobra.Command{
		Use:   "sandbox",
		Short: "Stand in for Meta on this machine, as strict and as hostile as wanted",
		Long: `Serves Graph's events edge on this machine: it checks every event as Meta does, keeps what it accepted in memory and
fails on request. The first line it prints is its address.

Rehearse in a home of its own: what the sandbox acknowledged counts as sent in that home's database.

Faults:` + kinds + `
Control: POST /_sandbox/faults {"next":["500"]}, POST /_sandbox/usage {"percent":85}, GET /_sandbox/stats, GET /_sandbox/events?event_id=X`,
		Example: `  capibara sandbox --listen 127.0.0.1:9000 --token secret --dataset 1234567890
  capibara sandbox --fault 500:0.1 --fault cut_after:0.05 --seed 7
  capibara sandbox --usage 85 --version-warning "v26.0 ends soon"
  CAPIBARA_GRAPH_BASE_URL=http://127.0.0.1:9000 capibara upload --home rehearsal`,
		Args: arguments(0, 0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			for _, text := range faults {
				f, err := sandbox.ParseFault(text)
				if err != nil {
					return misused("as in --fault 500 or --fault cut_after:0.1", "--fault: %w", err)
				}
				config.Faults = append(config.Faults, f)
			}
			if err := loopbackOnly(listen); err != nil {
				return err
			}
			s, err := sandbox.New(config)
			if err != nil {
				return misused("", "%w", err)
			}
			defer closing(&err, s, "the sandbox")
			l, err := (&net.ListenConfig{}).Listen(cmd.Context(), "tcp", listen)
			if err != nil {
				return failed("choose another port with --listen, or 0 for any that is free", "the sandbox cannot listen: %w", err)
			}
			a.line("http://%s", l.Addr())
			return s.Serve(cmd.Context(), l)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&listen, "listen", "127.0.0.1:0", "address on this machine; port 0 takes one that is free")
	flags.StringVar(&config.Token, "token", "", "the only access token that works (default: any)")
	flags.StringArrayVar(&config.Datasets, "dataset", nil, "a dataset that exists; may be repeated (default: every number)")
	flags.StringVar(&config.AppSecret, "app-secret", "", "demand the proof of this app secret with every request")
	flags.IntVar(&config.Usage.Percent, "usage", 0, "how many percent of Meta's limit the usage headers tell (default: no such headers)")
	flags.StringVar(&config.VersionWarning, "version-warning", "", "X-Ad-Api-Version-Warning of every answer")
	flags.DurationVar(&config.Delay, "delay", 0, "time before every answer, such as 200ms")
	flags.StringArrayVar(&faults, "fault", nil, "KIND or KIND:rate; may be repeated")
	flags.Uint64Var(&config.Seed, "seed", 1, "decides what is left to chance")
	return cmd
}

// loopbackOnly refuses an address that others could reach: the sandbox would take their tokens and events.
func loopbackOnly(listen string) error {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return misused("as in --listen 127.0.0.1:9000", "--listen: %w", err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return misused("use 127.0.0.1", "--listen %s: the sandbox serves this machine alone", listen)
	}
	return nil
}
