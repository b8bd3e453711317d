package main

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

// row is a line of the table: what is compared and what is asked for.
type row struct {
	key, title string
	most       float64 // podctl's value over podman's
	memory     bool    // peak memory is compared, not time
}

// scenario does some work with one program once, and returns what its parts
// cost. Preparing and clearing up are not measured.
type scenario struct {
	rows []row
	once func(b *bench, p *program) (map[string]sample, error)
}

// keys are the rows a scenario fills.
func (s scenario) keys() []string {
	keys := make([]string, len(s.rows))
	for i, r := range s.rows {
		keys[i] = r.key
	}
	return keys
}

// The sizes of pods that are started, stopped and removed; plots show all.
var podSizes = []int{1, 5, 20}

// The numbers of pods that are listed.
var populations = []int{1, 10, 100, 1000}

// count is a number of things.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

func scenarios() []scenario {
	list := []scenario{
		{[]row{{"pod-create", "pod create (infra)", 0.30, false}}, podCreate},
	}
	for _, n := range populations {
		if n == 1000 {
			continue // last: it takes long to make so many
		}
		rows := []row{{fmt.Sprintf("ps-%d", n), fmt.Sprintf("pod ps, %s of 3 containers", count(n, "pod")), map[int]float64{1: 0.5, 10: 0.5, 100: 0.25}[n], false}}
		list = append(list, scenario{rows, podPs(n)})
	}
	list = append(list,
		scenario{[]row{{"pod-start", "pod start, infra only", 0.6, false}}, podStart},
		scenario{[]row{{"run-d", "run -d into a running pod", 0.6, false}}, runDetached},
		scenario{[]row{{"run-rm", "run --rm true, attached", 0.6, false}}, runAttached},
		scenario{[]row{{"exec", "exec true", 0.6, false}}, execTrue},
	)
	for _, n := range podSizes {
		rows := []row{
			{fmt.Sprintf("start-%d", n), "pod start, " + count(n, "container"), 0.35, false},
			{fmt.Sprintf("stop-%d", n), "pod stop -t 0, " + count(n, "running container"), 0.25, false},
			{fmt.Sprintf("rm-%d", n), "pod rm -f -t 0, " + count(n, "running container"), 0.15, false},
		}
		if n < 20 {
			for i := range rows {
				rows[i].most = 0 // nothing is asked of these
			}
		} else {
			rows = append(rows, row{"mem-start-20", "peak memory of pod start, 20 containers", 0.5, true})
		}
		list = append(list, scenario{rows, podOf(n)})
	}
	return append(list,
		scenario{[]row{{"rm-created-100", "pod rm -f -a of 100 created pods", 0.15, false}}, removeCreated},
		scenario{[]row{{"parallel-one", "16 parallel run -d into one pod", 0.45, false}}, parallelRuns(1)},
		scenario{[]row{{"parallel-16", "16 parallel run -d into 16 pods", 0.45, false}}, parallelRuns(crowd)},
		scenario{[]row{{"ps-in-stop", "pod ps while another process waits out a 5 s stop", 0.05, false}}, psInStop},
		scenario{[]row{{"workers-32", "32 workers of run --rm true, time for 64", 0.5, false}}, workers},
		scenario{[]row{{"ps-1000", "pod ps, 1000 pods of 3 containers", 0.10, false}, {"mem-ps-1000", "peak memory of pod ps, 1000 pods", 0.5, true}}, podPs(1000)},
		scenario{[]row{{"inspect-1000", "pod inspect of one among 1000", 0.3, false}}, podInspect},
	)
}

func one(key string, s sample, err error) (map[string]sample, error) {
	return map[string]sample{key: s}, err
}

func podCreate(b *bench, p *program) (map[string]sample, error) {
	in, err := b.instance(p, "main")
	if err != nil {
		return nil, err
	}
	s, err := in.run("pod", "create")
	if err != nil {
		return nil, err
	}
	return one("pod-create", s, in.do("pod", "rm", s.out))
}

func podPs(n int) func(*bench, *program) (map[string]sample, error) {
	return func(b *bench, p *program) (map[string]sample, error) {
		in, err := b.population(p, n)
		if err != nil {
			return nil, err
		}
		s, err := in.run("pod", "ps")
		if err == nil && strings.Count(s.out, "\n") != n {
			err = fmt.Errorf("pod ps shows %d pods, not %d", strings.Count(s.out, "\n"), n)
		}
		return map[string]sample{fmt.Sprintf("ps-%d", n): s, fmt.Sprintf("mem-ps-%d", n): s}, err
	}
}

func podInspect(b *bench, p *program) (map[string]sample, error) {
	in, err := b.population(p, 1000)
	if err != nil {
		return nil, err
	}
	s, err := in.run("pod", "inspect", seededName(500))
	return one("inspect-1000", s, err)
}

func podStart(b *bench, p *program) (map[string]sample, error) {
	in, err := b.instance(p, "main")
	if err != nil {
		return nil, err
	}
	if err := in.do("pod", "create", "--name", "web"); err != nil {
		return nil, err
	}
	s, err := in.run("pod", "start", "web")
	return one("pod-start", s, errors.Join(err, in.do("pod", "rm", "-f", "-t", "0", "web")))
}

// withRunning returns an instance with a running pod "up", in which "long" runs.
func withRunning(b *bench, p *program) (*instance, error) {
	_, made := b.instances[p.name+"-up"]
	in, err := b.instance(p, "up")
	if err != nil || made {
		return in, err
	}
	return in, errors.Join(in.do("pod", "create", "--name", "up"), in.do("run", "-d", "--pod", "up", "--name", "long", imageName, "sleep", "100000"))
}

func runDetached(b *bench, p *program) (map[string]sample, error) {
	in, err := withRunning(b, p)
	if err != nil {
		return nil, err
	}
	s, err := in.run("run", "-d", "--pod", "up", imageName, "sleep", "1000")
	if err != nil {
		return nil, err
	}
	return one("run-d", s, in.do("rm", "-f", "-t", "0", s.out))
}

func runAttached(b *bench, p *program) (map[string]sample, error) {
	in, err := withRunning(b, p)
	if err != nil {
		return nil, err
	}
	s, err := in.run("run", "--rm", imageName, "true")
	return one("run-rm", s, err)
}

func execTrue(b *bench, p *program) (map[string]sample, error) {
	in, err := withRunning(b, p)
	if err != nil {
		return nil, err
	}
	s, err := in.run("exec", "long", "true")
	return one("exec", s, err)
}

// makePod makes a pod of that many containers beside infra.
func (in *instance) makePod(name string, members int) error {
	if err := in.do("pod", "create", "--name", name); err != nil {
		return err
	}
	for range members {
		if err := in.do("create", "--pod", name, imageName, "sleep", "1000"); err != nil {
			return err
		}
	}
	return nil
}

func podOf(n int) func(*bench, *program) (map[string]sample, error) {
	return func(b *bench, p *program) (map[string]sample, error) {
		in, err := b.instance(p, "main")
		if err != nil {
			return nil, err
		}
		if err := in.makePod("many", n); err != nil {
			return nil, err
		}
		start, err := in.run("pod", "start", "many")
		if err != nil {
			return nil, err
		}
		stop, err := in.run("pod", "stop", "-t", "0", "many")
		if err != nil {
			return nil, err
		}
		if err := in.do("pod", "start", "many"); err != nil {
			return nil, err
		}
		rm, err := in.run("pod", "rm", "-f", "-t", "0", "many")
		return map[string]sample{
			fmt.Sprintf("start-%d", n): start, fmt.Sprintf("stop-%d", n): stop, fmt.Sprintf("rm-%d", n): rm, fmt.Sprintf("mem-start-%d", n): start,
		}, err
	}
}

func removeCreated(b *bench, p *program) (map[string]sample, error) {
	in, err := b.instance(p, "main")
	if err != nil {
		return nil, err
	}
	for range 100 {
		if err := in.do("pod", "create"); err != nil {
			return nil, err
		}
	}
	s, err := in.run("pod", "rm", "-f", "-a")
	return one("rm-created-100", s, err)
}

// crowd is how many commands run at the same time.
const crowd = 16

// together runs the function that many times at once, and measures until the
// last is done.
func together(times int, do func(i int) error) (sample, error) {
	var (
		wg   sync.WaitGroup
		errs = make([]error, times)
	)
	begin := time.Now()
	for i := range times {
		wg.Go(func() { errs[i] = do(i) })
	}
	wg.Wait()
	return sample{wall: time.Since(begin)}, errors.Join(errs...)
}

func parallelRuns(pods int) func(*bench, *program) (map[string]sample, error) {
	return func(b *bench, p *program) (map[string]sample, error) {
		in, err := b.instance(p, "main")
		if err != nil {
			return nil, err
		}
		name := func(i int) string { return fmt.Sprintf("par%d", i%pods) }
		names := make([]string, pods)
		for i := range pods {
			names[i] = name(i)
			if err := errors.Join(in.do("pod", "create", "--name", names[i]), in.do("pod", "start", names[i])); err != nil {
				return nil, err
			}
		}
		s, err := together(crowd, func(i int) error {
			return in.do("run", "-d", "--pod", name(i), imageName, "sleep", "1000")
		})
		key := "parallel-one"
		if pods > 1 {
			key = "parallel-16"
		}
		return one(key, s, errors.Join(err, in.do(append([]string{"pod", "rm", "-f", "-t", "0"}, names...)...)))
	}
}

// psInStop lists pods while another process waits five seconds for a pod whose
// container heeds no signal, being the first process of a PID namespace and
// without a handler.
func psInStop(b *bench, p *program) (map[string]sample, error) {
	in, err := b.instance(p, "stop")
	if err != nil {
		return nil, err
	}
	if err := errors.Join(in.do("pod", "create", "--name", "deaf"), in.do("run", "-d", "--pod", "deaf", "--name", "ear", imageName, "sleep", "1000")); err != nil {
		return nil, err
	}
	stopped := make(chan error)
	go func() { stopped <- in.do("pod", "stop", "-t", "5", "deaf") }()
	time.Sleep(time.Second) // by then it has sent the signal and waits
	s, err := in.run("pod", "ps")
	return one("ps-in-stop", s, errors.Join(err, <-stopped, in.do("pod", "rm", "-f", "-t", "0", "deaf")))
}

func workers(b *bench, p *program) (map[string]sample, error) {
	const hands, each = 32, 2
	in, err := b.instance(p, "main")
	if err != nil {
		return nil, err
	}
	s, err := together(hands, func(int) error {
		for range each {
			if err := in.do("run", "--rm", imageName, "true"); err != nil {
				return err
			}
		}
		return nil
	})
	return one("workers-32", s, err)
}
