package specflags

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"
)

func TestFlagsAreNamedTypedAndDefaultedLikePodman(t *testing.T) {
	tests := map[string]struct {
		bind func(*cobra.Command)
		want string
	}{
		"create":     {new(ContainerFlags).Bind, createFlagTable},
		"run":        {new(RunFlags).Bind, runFlagTable},
		"pod_create": {new(PodFlags).Bind, podCreateFlagTable},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			cmd := &cobra.Command{Use: "test"}
			tt.bind(cmd)
			var got []string
			cmd.Flags().VisitAll(func(f *pflag.Flag) {
				if f.Name == "help" {
					return
				}
				line := f.Name
				if f.Shorthand != "" {
					line += "," + f.Shorthand
				}
				got = append(got, strings.TrimSpace(line+" "+f.Value.Type()+" "+f.DefValue))
			})
			require.Equal(t, strings.Split(strings.TrimSpace(tt.want), "\n"), got)
		})
	}
}

// Each line is name[,shorthand] type default, sorted by name.

const createFlagTable = `
add-host stringSlice []
annotation stringArray []
arch string
attach,a stringSlice []
authfile string
blkio-weight string
blkio-weight-device stringArray []
cap-add stringSlice []
cap-drop stringSlice []
cert-dir string
cgroup-conf stringSlice []
cgroup-parent string
cgroupns string
cgroups string enabled
chrootdirs stringArray []
cidfile string
conmon-pidfile string
cpu-period uint64 0
cpu-quota int64 0
cpu-rt-period uint64 0
cpu-rt-runtime int64 0
cpu-shares,c uint64 0
cpus float64 0
cpuset-cpus string
cpuset-mems string
creds string
decryption-key stringSlice []
device stringArray []
device-cgroup-rule stringSlice []
device-read-bps stringArray []
device-read-iops stringArray []
device-write-bps stringArray []
device-write-iops stringArray []
disable-content-trust bool false
dns stringSlice []
dns-option stringSlice []
dns-search stringSlice []
entrypoint string
env,e stringArray []
env-file stringArray []
env-host bool false
env-merge stringArray []
expose stringSlice []
gidmap stringSlice []
gpus stringSlice []
group-add stringSlice []
group-entry string
health-cmd string
health-interval string 30s
health-log-destination string local
health-max-log-count uint 5
health-max-log-size uint 500
health-on-failure string none
health-retries uint 3
health-start-period string 0s
health-startup-cmd string
health-startup-interval string 30s
health-startup-retries uint 0
health-startup-success uint 0
health-startup-timeout string 30s
health-timeout string 30s
hostname,h string
hosts-file string
hostuser stringSlice []
http-proxy bool true
image-volume string anonymous
init bool false
init-path string
interactive,i bool false
ip string
ip6 string
ipc string
label,l stringArray []
label-file stringArray []
log-driver string
log-opt stringArray []
mac-address string
memory,m string
memory-reservation string
memory-swap string
memory-swappiness int64 -1
mount stringArray []
name string
network stringArray []
network-alias stringSlice []
no-healthcheck bool false
no-hostname bool false
no-hosts bool false
oom-kill-disable bool false
oom-score-adj int 0
os string
passwd-entry string
personality string
pid string
pidfile string
pids-limit int64 2048
platform string
pod string
pod-id-file string
privileged bool false
publish,p stringSlice []
publish-all,P bool false
pull string missing
quiet,q bool false
rdt-class string
read-only bool false
read-only-tmpfs bool true
replace bool false
requires stringSlice []
restart string
retry uint 3
retry-delay string
rm bool false
rootfs bool false
sdnotify string container
seccomp-policy string default
secret stringArray []
security-opt stringArray []
shm-size string 65536k
shm-size-systemd string
signature-policy string
stop-signal string
stop-timeout uint 10
subgidname string
subuidname string
sysctl stringSlice []
systemd string true
timeout uint 0
tls-verify bool true
tmpfs stringArray []
tty,t bool false
tz string
uidmap stringSlice []
ulimit stringSlice []
umask string 0022
unsetenv stringArray []
unsetenv-all bool false
user,u string
userns string
uts string
variant string
volume,v stringArray []
volumes-from stringArray []
workdir,w string
`

const runFlagTable = `
detach,d bool false
detach-keys string ctrl-p,ctrl-q
passwd bool true
preserve-fd uintSlice []
preserve-fds uint 0
rmi bool false
sig-proxy bool true
`

const podCreateFlagTable = `
add-host stringSlice []
blkio-weight string
blkio-weight-device stringArray []
cgroup-parent string
cpu-shares,c uint64 0
cpus float64 0
cpuset-cpus string
cpuset-mems string
device stringArray []
device-read-bps stringArray []
device-write-bps stringArray []
dns stringSlice []
dns-option stringSlice []
dns-search stringSlice []
exit-policy string continue
gidmap stringSlice []
gpus stringSlice []
hostname,h string
hosts-file string
infra bool true
infra-command string
infra-conmon-pidfile string
infra-image string
infra-name string
ip string
ip6 string
label,l stringArray []
label-file stringArray []
mac-address string
memory,m string
memory-swap string
name,n string
network stringArray []
network-alias stringSlice []
no-hostname bool false
no-hosts bool false
pid string
pod-id-file string
publish,p stringSlice []
replace bool false
restart string
security-opt stringArray []
share string ipc,net,uts
share-parent bool true
shm-size string 65536k
shm-size-systemd string
subgidname string
subuidname string
sysctl stringSlice []
uidmap stringSlice []
userns string
uts string
volume,v stringArray []
volumes-from stringArray []
`
