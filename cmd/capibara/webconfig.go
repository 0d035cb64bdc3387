package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

// webConfig says where `capibara run` serves the page: `off`, an address, or a mapping.
type webConfig struct {
	// Address is where it listens; "" serves no page.
	Address string `yaml:"address"`
	// URL is the https address of the proxy in front of it; "" without one.
	URL string `yaml:"url"`
}

// defaultWebAddress lets this machine alone look.
const defaultWebAddress = "127.0.0.1:8321"

// UnmarshalYAML reads `off`, an address or a mapping. Some readers of YAML take off for false.
func (w *webConfig) UnmarshalYAML(n ast.Node) error {
	switch n := n.(type) {
	case *ast.BoolNode:
		if n.Value {
			return &yaml.SyntaxError{Message: "write an address such as " + defaultWebAddress + ", or off", Token: n.GetToken()}
		}
		*w = webConfig{}
		return nil
	case *ast.StringNode:
		*w = webConfig{Address: n.Value}
		if n.Value == "off" {
			w.Address = ""
		} else if n.Value == "" {
			return &yaml.SyntaxError{Message: "write an address such as " + defaultWebAddress + ", or off", Token: n.GetToken()}
		}
		return nil
	case *ast.MappingNode, *ast.MappingValueNode:
		type plain webConfig
		read := plain{Address: defaultWebAddress}
		if err := yaml.NodeToValue(n, &read, yaml.Strict()); err != nil {
			return err
		}
		*w = webConfig(read)
		return nil
	}
	return &yaml.SyntaxError{Message: "write an address such as " + defaultWebAddress + ", off, or a mapping with address and url", Token: n.GetToken()}
}

// MarshalYAML writes what UnmarshalYAML reads.
func (w webConfig) MarshalYAML() (any, error) {
	switch {
	case w.Address == "":
		return "off", nil
	case w.URL == "":
		return w.Address, nil
	}
	return struct {
		Address string `yaml:"address"`
		URL     string `yaml:"url"`
	}(w), nil
}

// check refuses what would let strangers look, and what cannot be listened on anywhere.
func (w webConfig) check() error {
	if w.Address == "" {
		if w.URL != "" {
			return errors.New("web.url names a page, and web.address serves none")
		}
		return nil
	}
	host, port, err := net.SplitHostPort(w.Address)
	if err != nil {
		return fmt.Errorf("web.address %q is no address with a port; write one such as %s, or web: off", w.Address, defaultWebAddress)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 && w.URL != "" {
		return fmt.Errorf("web.address %q has no port from 1 to 65535", w.Address)
	}
	if w.URL == "" {
		if !loopback(host) {
			return fmt.Errorf("web.address %s lets other machines look, without encryption; write 127.0.0.1:%s, or put a proxy with TLS in front of it and its address into web.url", w.Address, port)
		}
		return nil
	}
	_, err = w.proxy()
	return err
}

// proxy is the address of the proxy in front of the page.
func (w webConfig) proxy() (*url.URL, error) {
	u, err := url.Parse(w.URL)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "" {
		return nil, errors.New("web.url must be the https address of the proxy in front of the page and nothing more, such as https://capibara.example.com")
	}
	return u, nil
}

// hosts are the values of the Host header under which the page answers. port is the one that is listened on.
func (w webConfig) hosts(port string) []string {
	if u, err := w.proxy(); w.URL != "" && err == nil {
		return []string{strings.TrimSuffix(strings.ToLower(u.Host), ":443")}
	}
	var hosts []string
	for _, name := range []string{"127.0.0.1", "localhost", "[::1]"} {
		hosts = append(hosts, name+":"+port)
		if port == "80" {
			hosts = append(hosts, name)
		}
	}
	return hosts
}

// address is what people type to see the page.
func (w webConfig) address(port string) string {
	if w.URL != "" {
		return "https://" + w.hosts(port)[0] + "/"
	}
	host, _, _ := net.SplitHostPort(w.Address)
	return "http://" + net.JoinHostPort(host, port) + "/"
}

// loopback reports whether a host is this machine alone.
func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback() && ip.Zone() == ""
}
