package load

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// proxied measures what the check costs behind nginx with the configuration of deploy/ and a socket of the listener for
// verification or of a yardstick: nginx → verify → API against nginx → API. nginx runs in one process, as the machine may
// have one core left.
func (b *bench) proxied(name, socket string) {
	api := start(b.t, "api", 1)
	checked, plain := freeAddr(b), freeAddr(b)
	dir := b.t.TempDir()
	replace := strings.NewReplacer("/run/latchkey/verify.sock", socket, "127.0.0.1:9000", api.addr, "127.0.0.1:8000", checked)
	for _, file := range []string{"latchkey.conf", "latchkey-api.conf"} {
		text, err := os.ReadFile(filepath.Join("..", "..", "deploy", "nginx", file))
		must(b.t, err)
		must(b.t, os.WriteFile(filepath.Join(dir, file), []byte(replace.Replace(string(text))), 0o600))
	}
	main := "daemon off;\nmaster_process off;\npid " + dir +
		"/pid;\nerror_log stderr error;\nevents { worker_connections 4096; }\nhttp {\naccess_log off;\nkeepalive_requests 1000000;\n"
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		main += fmt.Sprintf("%s_temp_path %s/%s;\n", kind, dir, kind)
	}
	main += "include latchkey.conf;\nserver {\nlisten " + plain +
		";\nlocation / {\nproxy_pass http://api;\nproxy_http_version 1.1;\nproxy_set_header Connection \"\";\n}\n}\n}\n"
	must(b.t, os.WriteFile(filepath.Join(dir, "nginx.conf"), []byte(main), 0o600))
	b.nginx(dir, plain)
	targets := []target{
		{"nginx → API", nil, plain, bearer("/items"), `"items"`},
		{"nginx → " + name + " → API", nil, checked, bearer("/items"), `"items"`},
	}
	b.warm(targets)
	b.print("Behind nginx", targets, b.compare(targets))
}

func freeAddr(b *bench) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(b.t, err)
	defer l.Close()
	return l.Addr().String()
}

// nginx runs it until the end of the test.
func (b *bench) nginx(dir, listens string) {
	program, err := exec.LookPath("nginx")
	if err != nil {
		program = "/usr/sbin/nginx"
	}
	cmd := exec.Command(program, "-p", dir, "-c", filepath.Join(dir, "nginx.conf"), "-e", "stderr")
	var out strings.Builder
	cmd.Stderr, cmd.Stdout = &out, io.Discard
	if err := cmd.Start(); err != nil {
		b.t.Fatalf("nginx cannot be started (make setup installs it): %v", err)
	}
	b.t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	for range 200 {
		if c, err := net.Dial("tcp", listens); err == nil {
			_ = c.Close()
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	b.t.Fatalf("nginx does not listen:\n%s", &out)
}
