package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strings"

	"github.com/safepoint-dev/safepoint/internal/egress"
)

// entries takes the blanks out of a comma list: people write a space after a comma, and end a list with one.
func entries(list []string) []string {
	var kept []string
	for _, entry := range list {
		if entry = strings.TrimSpace(entry); entry != "" {
			kept = append(kept, entry)
		}
	}
	return kept
}

// checkPolicy looks at what bounds the runbooks.
func (p *problemSet) checkPolicy(c Config) {
	if _, err := ParseServers(c.AllowServers); err != nil {
		p.add("SAFEPOINT_ALLOW_SERVERS", err.Error())
	}
	for name, list := range map[string][]string{egress.SettingURLs: c.AllowURLs, egress.SettingSSH: c.AllowSSH} {
		if err := egress.Validate(name, list); err != nil {
			p.add(name, strings.ReplaceAll(err.Error(), "\n", "; "))
		}
	}
	if len(c.AllowSSH) == 0 {
		return // ssh is off: its files need not be there
	}
	p.checkSSHFile("SAFEPOINT_SSH_KEY_FILE", c.SSHKeyFile, "a file with the private key", true)
	p.checkSSHFile("SAFEPOINT_SSH_KNOWN_HOSTS", c.SSHKnownHosts, "a known_hosts file with the host keys", false)
	if strings.ContainsFunc(c.SSHUser, func(r rune) bool { return r <= ' ' || r > '~' }) {
		p.add("SAFEPOINT_SSH_USER", "it holds a space or another character that no user name has; give one such as root")
	}
}

// checkSSHFile never shows the path or a part of the file: the key itself may stand in the variable by mistake.
func (p *problemSet) checkSSHFile(name, path, what string, secret bool) {
	if path == "" {
		p.add(name, "it is not set, but SAFEPOINT_ALLOW_SSH is; name "+what+", or take SAFEPOINT_ALLOW_SSH out")
		return
	}
	info, err := readable(path)
	switch {
	case err != nil:
		p.add(name, "the file cannot be read: "+err.Error()+"; name "+what+" that this user may read")
	case info.Size() == 0:
		p.add(name, "the file is empty; name "+what)
	case secret && info.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows": // Windows has no such bits
		p.add(name, fmt.Sprintf("the file's mode is %04o, so that others than its owner may use the key; make it 0600 or 0400", info.Mode().Perm()))
	}
}

// readable opens the file, because only that tells whether this user may read it.
func readable(path string) (fs.FileInfo, error) {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		return nil, errors.New("it is not a regular file") // opening a pipe could wait for ever
	}
	var f *os.File
	if err == nil {
		f, err = os.Open(path)
	}
	var wrapped *fs.PathError
	if errors.As(err, &wrapped) {
		return nil, wrapped.Err // without the path
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.Stat() // of what was opened: a symbolic link may have moved
}

// sshOffWarnings are for a person who set a key and wonders why ssh is refused.
func sshOffWarnings(c Config) []string {
	if len(c.AllowSSH) > 0 {
		return nil
	}
	var warnings []string
	for _, v := range []struct{ name, value string }{
		{"SAFEPOINT_SSH_KEY_FILE", c.SSHKeyFile}, {"SAFEPOINT_SSH_KNOWN_HOSTS", c.SSHKnownHosts},
	} {
		if v.value != "" {
			warnings = append(warnings, v.name+" is set, but ssh is off: name the hosts that runbooks may reach in SAFEPOINT_ALLOW_SSH")
		}
	}
	return warnings
}
