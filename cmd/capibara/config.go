package main

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"capibara/event"
	"capibara/importer"
	"capibara/uploader"
	"capibara/uploader/capi"
)

// config is capibara.yaml with every key that this version honours. A field without a value takes the default.
type config struct {
	Home      string                   `yaml:"home"`
	TimeZone  string                   `yaml:"time_zone"`
	Graph     graphConfig              `yaml:"graph"`
	Datasets  map[string]datasetConfig `yaml:"datasets"`
	Upload    uploadConfig             `yaml:"upload"`
	Schedule  scheduleConfig           `yaml:"schedule"`
	Window    windowConfig             `yaml:"window"`
	Inbox     inboxConfig              `yaml:"inbox"`
	Folders   foldersConfig            `yaml:"folders"`
	Retention retentionConfig          `yaml:"retention"`
	Sources   []importer.Source        `yaml:"sources"`

	path   string         // the file it was read from; "" when there is none
	digest string         // SHA-256 of that file in hex; "" when there is none
	zone   *time.Location // of TimeZone
}

type graphConfig struct {
	BaseURL string   `yaml:"base_url"`
	Version string   `yaml:"version"`
	Timeout duration `yaml:"timeout"`
}

type datasetConfig struct {
	ID              digits `yaml:"id"`
	AccessTokenFile string `yaml:"access_token_file"`
	AppSecretFile   string `yaml:"app_secret_file"`
	Live            bool   `yaml:"live"`
}

type uploadConfig struct {
	BatchEvents  int      `yaml:"batch_events"`
	InFlight     int      `yaml:"in_flight"`
	ResendWindow duration `yaml:"resend_window"`

	ResendUnknown string `yaml:"resend_unknown"`
	Urgent        bool   `yaml:"urgent"`
}

type scheduleConfig struct {
	Upload  specs `yaml:"upload"`
	CatchUp bool  `yaml:"catch_up"`
}

type windowConfig struct {
	Default duration `yaml:"default"`
	Margin  duration `yaml:"margin"`
}

type inboxConfig struct {
	Poll   duration `yaml:"poll"`
	Settle duration `yaml:"settle"`
}

type retentionConfig struct {
	Files   duration `yaml:"files"`
	Payload duration `yaml:"payload"`
	History duration `yaml:"history"`
}

type foldersConfig struct {
	Inbox    string `yaml:"inbox"`
	Archive  string `yaml:"archive"`
	Rejected string `yaml:"rejected"`
	Receipts string `yaml:"receipts"`
	Data     string `yaml:"data"`

	DataNetwork bool `yaml:"data_network"`

	RejectedMode  fileMode  `yaml:"rejected_mode"`
	RejectedGroup groupName `yaml:"rejected_group"`
	ReceiptsMode  fileMode  `yaml:"receipts_mode"`
	ReceiptsGroup groupName `yaml:"receipts_group"`
}

// defaults is the configuration of somebody who wrote nothing.
func defaults() config {
	w := event.DefaultWindow()
	return config{
		Home:     ".",
		TimeZone: "UTC",
		Graph:    graphConfig{BaseURL: capi.DefaultBaseURL, Version: capi.DefaultVersion, Timeout: duration(capi.DefaultTimeout)},
		Upload: uploadConfig{BatchEvents: capi.MaxEvents, InFlight: 4, ResendWindow: duration(36 * time.Hour),
			ResendUnknown: string(uploader.ResendWithinWindow), Urgent: true},
		Schedule:  scheduleConfig{CatchUp: true},
		Window:    windowConfig{Default: duration(w.Length), Margin: duration(w.Margin)},
		Inbox:     inboxConfig{Poll: duration(5 * time.Second), Settle: duration(10 * time.Second)},
		Folders:   foldersConfig{Inbox: "inbox", Archive: "archive", Rejected: "rejected", Receipts: "receipts", Data: "data", RejectedMode: defaultRejectedMode, ReceiptsMode: defaultReceiptsMode},
		Retention: retentionConfig{Files: duration(30 * 24 * time.Hour), Payload: duration(400 * 24 * time.Hour), History: duration(7 * 365 * 24 * time.Hour)},
	}
}

// configName is the configuration's usual name in a home.
const configName = "capibara.yaml"

// load finds the configuration and makes it ready: flags before environment before file, relative paths from the
// file's folder. Without a file the defaults hold, so that a history can be read with nothing but the database.
func (a *app) load() (*config, error) {
	path, home, err := a.locate()
	if err != nil {
		return nil, err
	}
	return a.loadFrom(path, home)
}

func (a *app) loadFrom(path, home string) (*config, error) {
	c := defaults()
	text, err := os.ReadFile(path)
	switch {
	case err == nil:
		if c, err = parseConfig(text); err != nil {
			return nil, failed("`capibara init` in an empty folder writes a configuration with every key explained", "%s: %w", path, err)
		}
		sum := sha256.Sum256(text)
		c.path, c.digest = path, hex.EncodeToString(sum[:])
	case !errors.Is(err, fs.ErrNotExist):
		return nil, failed("", "reading the configuration: %w", err)
	case a.configFlag != "" || os.Getenv("CAPIBARA_CONFIG") != "":
		return nil, failed("check the path, or run `capibara init` to have one written", "there is no configuration %s", path)
	}
	if base := os.Getenv("CAPIBARA_GRAPH_BASE_URL"); base != "" {
		c.Graph.BaseURL = base
	}
	c.resolve(filepath.Dir(path), home)
	if err := c.check(); err != nil {
		name := path
		if c.path == "" {
			name = "configuration"
		}
		return nil, failed(hintOf(err), "%s: %w", name, err)
	}
	return &c, nil
}

// locate returns the absolute paths of the configuration and of the home; the latter is "" when the file says it.
func (a *app) locate() (path, home string, err error) {
	home = cmp.Or(a.homeFlag, os.Getenv("CAPIBARA_HOME"))
	if home != "" {
		if home, err = filepath.Abs(home); err != nil {
			return "", "", fmt.Errorf("finding the home: %w", err)
		}
	}
	path = cmp.Or(a.configFlag, os.Getenv("CAPIBARA_CONFIG"), filepath.Join(home, configName))
	if path, err = filepath.Abs(path); err != nil {
		return "", "", fmt.Errorf("finding the configuration: %w", err)
	}
	return path, home, nil
}

// resolve makes every path absolute: those of the file from its folder, the folders from the home.
func (c *config) resolve(folder, home string) {
	c.Home = cmp.Or(home, from(folder, c.Home))
	f := &c.Folders
	for _, p := range []*string{&f.Inbox, &f.Archive, &f.Rejected, &f.Receipts, &f.Data} {
		*p = from(c.Home, *p)
	}
	for alias, d := range c.Datasets {
		for _, file := range []*string{&d.AccessTokenFile, &d.AppSecretFile} {
			if *file != "" {
				*file = from(folder, *file)
			}
		}
		c.Datasets[alias] = d
	}
}

var aliasForm = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,39}$`)

// check refuses what is wrong by itself. What a source says is checked where sources are compiled, a schedule where it
// is made.
func (c *config) check() error {
	zone, err := time.LoadLocation(c.TimeZone)
	if err != nil || c.TimeZone == "" {
		return fmt.Errorf("time_zone %q is unknown; write an IANA name such as Europe/Amsterdam", c.TimeZone)
	}
	c.zone = zone
	if err := c.checkDatasets(); err != nil {
		return err
	}
	switch {
	case c.Upload.BatchEvents < 1 || c.Upload.BatchEvents > capi.MaxEvents:
		return fmt.Errorf("upload.batch_events is %d; Meta takes 1 to %d events in a request", c.Upload.BatchEvents, capi.MaxEvents)
	case c.Upload.InFlight < 1 || c.Upload.InFlight > 16:
		return fmt.Errorf("upload.in_flight is %d; use 1 to 16 requests at a time", c.Upload.InFlight)
	case c.Upload.ResendWindow < duration(time.Minute) || c.Upload.ResendWindow > duration(36*time.Hour):
		return fmt.Errorf("upload.resend_window is %s; use 1m to 36h: Meta recognises a repeated event for 48 hours, and some of them pass on the way", c.Upload.ResendWindow)
	case c.Upload.ResendUnknown != string(uploader.ResendWithinWindow) && c.Upload.ResendUnknown != string(uploader.ResendNever):
		return fmt.Errorf("upload.resend_unknown is %q; use %s or %s", c.Upload.ResendUnknown, uploader.ResendWithinWindow, uploader.ResendNever)
	case c.Inbox.Poll < duration(time.Second):
		return fmt.Errorf("inbox.poll is %s; use 1s or more", c.Inbox.Poll)
	case c.Graph.Timeout < duration(time.Second):
		return fmt.Errorf("graph.timeout is %s; use 1s or more", c.Graph.Timeout)
	}
	if err := c.Retention.check(); err != nil {
		return err
	}
	if err := c.checkReceipts(); err != nil {
		return err
	}
	if err := c.checkRejected(); err != nil {
		return err
	}
	if c.window().Length > event.MaxAge {
		return fmt.Errorf("window.default is %s; Meta accepts events up to %s old, and only a source of physical_store may say window: %s",
			c.Window.Default, duration(event.MaxAge), duration(event.MaxAgePhysicalStore))
	}
	if err := c.window().Check(""); err != nil {
		return fmt.Errorf("window: %w", err)
	}
	_, err = c.client(time.Now)
	return err
}

func (c *config) window() event.Window {
	return event.Window{Length: time.Duration(c.Window.Default), Margin: time.Duration(c.Window.Margin)}
}

// aliases returns the names of the datasets in order.
func (c *config) aliases() []string { return slices.Sorted(maps.Keys(c.Datasets)) }

// database is the path of the ledger.
func (c *config) database() string { return filepath.Join(c.Folders.Data, "capibara.db") }

// dataset finds a configured dataset by name or by id.
func (c *config) dataset(name string) (string, datasetConfig, error) {
	for _, alias := range c.aliases() {
		if d := c.Datasets[alias]; alias == name || string(d.ID) == name {
			return alias, d, c.usable(alias)
		}
	}
	if len(c.Datasets) == 0 {
		return "", datasetConfig{}, c.noDatasets()
	}
	return "", datasetConfig{}, failed("", "no dataset is named %q; the configuration has %s", name, strings.Join(c.aliases(), ", "))
}

func (c *config) noDatasets() error {
	if c.path == "" {
		return failed("run `capibara init`, or name it with --config", "there is no configuration in %s", c.Home)
	}
	return failed("add one under datasets:", "%s names no dataset", c.path)
}

// usable refuses a dataset whose id has not been filled in. An event_id may be derived from it, so that nothing can be
// imported before.
func (c *config) usable(alias string) error {
	if c.Datasets[alias].ID != "" {
		return nil
	}
	return failed("Events Manager shows it under Data sources > your dataset > Settings > Dataset ID",
		"dataset %s has no id yet; write it into %s under datasets", alias, c.path)
}

// relative is a path below the home as people write it.
func (c *config) relative(path string) string {
	rel, err := filepath.Rel(c.Home, path)
	if err != nil || !filepath.IsLocal(rel) {
		return path
	}
	if strings.HasSuffix(path, string(filepath.Separator)) {
		rel += string(filepath.Separator)
	}
	return rel
}

// from makes path absolute, counted from folder; ~ is the user's home, as in a shell.
func from(folder, path string) string {
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		if home, err := os.UserHomeDir(); err == nil {
			return filepath.Join(home, rest)
		}
	}
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(folder, path)
}
