package bundle

// syscallNames are the system calls in descending order of their numbers (Linux
// 6.1, arch/x86/entry/syscalls/syscall_64.tbl). Those that came later are missing,
// which is of no harm to an order.
const syscallNames = `
set_mempolicy_home_node futex_waitv process_mrelease memfd_secret landlock_restrict_self landlock_add_rule landlock_create_ruleset quotactl_fd
mount_setattr epoll_pwait2 process_madvise faccessat2 pidfd_getfd openat2 close_range clone3 pidfd_open fspick fsmount fsconfig fsopen move_mount
open_tree io_uring_register io_uring_enter io_uring_setup pidfd_send_signal rseq io_pgetevents statx pkey_free pkey_alloc pkey_mprotect pwritev2
preadv2 copy_file_range mlock2 membarrier userfaultfd execveat bpf kexec_file_load memfd_create getrandom seccomp renameat2 sched_getattr
sched_setattr finit_module kcmp process_vm_writev process_vm_readv getcpu setns sendmmsg syncfs clock_adjtime open_by_handle_at name_to_handle_at
prlimit64 fanotify_mark fanotify_init recvmmsg perf_event_open rt_tgsigqueueinfo pwritev preadv inotify_init1 pipe2 dup3 epoll_create1 eventfd2
signalfd4 accept4 timerfd_gettime timerfd_settime fallocate eventfd timerfd_create signalfd epoll_pwait utimensat move_pages vmsplice sync_file_range
tee splice get_robust_list set_robust_list unshare ppoll pselect6 faccessat fchmodat readlinkat symlinkat linkat renameat unlinkat newfstatat
futimesat fchownat mknodat mkdirat openat migrate_pages inotify_rm_watch inotify_add_watch inotify_init ioprio_get ioprio_set keyctl request_key
add_key waitid kexec_load mq_getsetattr mq_notify mq_timedreceive mq_timedsend mq_unlink mq_open get_mempolicy set_mempolicy mbind vserver utimes
tgkill epoll_ctl epoll_wait exit_group clock_nanosleep clock_getres clock_gettime clock_settime timer_delete timer_getoverrun timer_gettime
timer_settime timer_create fadvise64 semtimedop restart_syscall set_tid_address getdents64 remap_file_pages epoll_wait_old epoll_ctl_old epoll_create
lookup_dcookie get_thread_area io_cancel io_submit io_getevents io_destroy io_setup set_thread_area sched_getaffinity sched_setaffinity futex time
tkill fremovexattr lremovexattr removexattr flistxattr llistxattr listxattr fgetxattr lgetxattr getxattr fsetxattr lsetxattr setxattr readahead gettid
security tuxcall afs_syscall putpmsg getpmsg nfsservctl quotactl query_module get_kernel_syms delete_module init_module create_module ioperm iopl
setdomainname sethostname reboot swapoff swapon umount2 mount settimeofday acct sync chroot setrlimit adjtimex arch_prctl prctl _sysctl pivot_root
modify_ldt vhangup munlockall mlockall munlock mlock sched_rr_get_interval sched_get_priority_min sched_get_priority_max sched_getscheduler
sched_setscheduler sched_getparam sched_setparam setpriority getpriority sysfs fstatfs statfs ustat personality uselib mknod utime sigaltstack
rt_sigsuspend rt_sigqueueinfo rt_sigtimedwait rt_sigpending capset capget getsid setfsgid setfsuid getpgid getresgid setresgid getresuid setresuid
setgroups getgroups setregid setreuid setsid getpgrp getppid setpgid getegid geteuid setgid setuid getgid syslog getuid ptrace times sysinfo getrusage
getrlimit gettimeofday umask lchown fchown chown fchmod chmod readlink symlink unlink link creat rmdir mkdir rename fchdir chdir getcwd getdents
ftruncate truncate fdatasync fsync flock fcntl msgctl msgrcv msgsnd msgget shmdt semctl semop semget uname kill wait4 exit execve vfork fork clone
getsockopt setsockopt socketpair getpeername getsockname listen bind shutdown recvmsg sendmsg recvfrom sendto accept connect socket sendfile getpid
setitimer alarm getitimer nanosleep pause dup2 dup shmctl shmat shmget madvise mincore msync mremap sched_yield select pipe access writev readv
pwrite64 pread64 ioctl rt_sigreturn rt_sigprocmask rt_sigaction brk munmap mprotect mmap lseek poll lstat fstat stat close open write read
`
