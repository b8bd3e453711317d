package network

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// forwarder is the program of [Backend.Forward]: it serves its sockets until the
// pipe on exitFD ends.
func forwarder() {
	var targets []forwarded
	if err := json.Unmarshal([]byte(os.Args[1]), &targets); err != nil {
		os.Exit(1)
	}
	for i, t := range targets {
		socket := os.NewFile(uintptr(firstSocketFD+i), "socket")
		if t.Protocol == "udp" {
			go serveUDP(socket, t.Port)
		} else {
			go serveTCP(socket, t.Port)
		}
	}
	_, _ = io.Copy(io.Discard, os.NewFile(exitFD, "exit"))
	os.Exit(0)
}

// dialTime bounds a connection to a container, which is not far.
const dialTime = 10 * time.Second

// dial connects to a port in the namespace: at its first address, so that a
// server sees the connection where it sees others, else on its loopback.
func dial(protocol string, port uint16) (conn net.Conn, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		// A socket belongs to the namespace of the thread that makes it. This
		// thread ends with its goroutine.
		runtime.LockOSThread()
		if err = unix.Setns(nsFD, unix.CLONE_NEWNET); err != nil {
			return
		}
		to := net.JoinHostPort(firstAddress(), strconv.Itoa(int(port)))
		conn, err = net.DialTimeout(protocol, to, dialTime)
	}()
	<-done
	return conn, err
}

// firstAddress is an address of this thread's namespace, of version 4 if it has one.
func firstAddress() string {
	list, err := net.InterfaceAddrs()
	if err != nil {
		return "127.0.0.1"
	}
	first := ""
	for _, a := range list {
		ipnet, ok := a.(*net.IPNet)
		if !ok || !ipnet.IP.IsGlobalUnicast() {
			continue
		}
		if ipnet.IP.To4() != nil {
			return ipnet.IP.String()
		}
		if first == "" {
			first = ipnet.IP.String()
		}
	}
	if first == "" {
		return "127.0.0.1"
	}
	return first
}

func serveTCP(socket *os.File, port uint16) {
	l, err := net.FileListener(socket)
	if err != nil {
		return
	}
	_ = socket.Close()
	for {
		conn, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(acceptPause) // out of descriptors: some will be closed
			continue
		}
		go relayTCP(conn, port)
	}
}

const acceptPause = 50 * time.Millisecond

// relayTCP carries one connection. Each side's end is passed on by itself: many
// protocols answer after the client has said all.
func relayTCP(client net.Conn, port uint16) {
	defer client.Close()
	server, err := dial("tcp", port)
	if err != nil {
		return
	}
	defer server.Close()
	var both sync.WaitGroup
	pass := func(to, from net.Conn) {
		_, _ = io.Copy(to, from)
		if half, ok := to.(*net.TCPConn); ok {
			_ = half.CloseWrite()
		}
	}
	both.Go(func() { pass(server, client) })
	both.Go(func() { pass(client, server) })
	both.Wait()
}

// udpIdle is how long answers to a datagram are awaited. Longer than resolvers
// and common clients wait.
const udpIdle = 90 * time.Second

const maxDatagram = 64 << 10

// serveUDP gives each client a socket of its own in the namespace, by which
// answers find back.
func serveUDP(socket *os.File, port uint16) {
	conn, err := net.FilePacketConn(socket)
	if err != nil {
		return
	}
	_ = socket.Close()
	var (
		mu      sync.Mutex
		servers = map[string]net.Conn{}
		buf     = make([]byte, maxDatagram)
	)
	forget := func(client string) {
		mu.Lock()
		defer mu.Unlock()
		if s, ok := servers[client]; ok {
			_ = s.Close()
			delete(servers, client)
		}
	}
	for {
		n, client, err := conn.ReadFrom(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(acceptPause)
			continue
		}
		mu.Lock()
		server, ok := servers[client.String()]
		mu.Unlock()
		if !ok {
			if server, err = dial("udp", port); err != nil {
				continue
			}
			mu.Lock()
			servers[client.String()] = server
			mu.Unlock()
			go func() {
				answer(conn, client, server)
				forget(client.String())
			}()
		}
		_ = server.SetReadDeadline(time.Now().Add(udpIdle))
		_, _ = server.Write(buf[:n])
	}
}

// answer passes on what the server says to one client until neither says more.
func answer(conn net.PacketConn, client net.Addr, server net.Conn) {
	buf := make([]byte, maxDatagram)
	for {
		n, err := server.Read(buf)
		if errors.Is(err, unix.ECONNREFUSED) {
			continue // nobody listens yet: the deadline ends this
		}
		if err != nil {
			return
		}
		_ = server.SetReadDeadline(time.Now().Add(udpIdle))
		if _, err := conn.WriteTo(buf[:n], client); err != nil {
			return
		}
	}
}
