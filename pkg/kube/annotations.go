package kube

// Annotations by which podman lets a Kubernetes file say what Kubernetes has no
// words for. Those that end in a slash are followed by the name of a container.
const (
	annotationUserNS      = "io.podman.annotations.userns"
	annotationInfraName   = "io.podman.annotations.infra.name"
	annotationInitType    = "io.podman.annotations.init.container.type"
	annotationUlimit      = "io.podman.annotations.ulimit"
	annotationVolumesFrom = "io.podman.annotations.volumes-from"
	annotationPidsLimit   = "io.podman.annotations.pids-limit/"
	annotationCPUs        = "io.podman.annotations.cpuset/"
	annotationMems        = "io.podman.annotations.memory-nodes/"
	annotationLabel       = "io.podman.annotations.label/"
	// podman's manual and its code call this one differently.
	annotationAutomount    = "io.podman.annotations.kube.image.automount/"
	annotationVolumesMount = "io.podman.annotations.kube.image.volumes.mount/"
	// annotationRelabel is PATH:z or PATH:Z, for a bind mount.
	annotationRelabel     = "bind-mount-options"
	annotationSeccompCtr  = "container.seccomp.security.alpha.kubernetes.io/"
	annotationSeccompPod  = "seccomp.security.alpha.kubernetes.io/pod"
	labelAutoUpdate       = "io.containers.autoupdate"
	labelAutoUpdateAuth   = "io.containers.autoupdate.authfile"
	annotationOwn         = "io.podman.annotations."
	annotationVolume      = "volume.podman.io/"
	annotationImport      = annotationVolume + "import-source"
	annotationImageVolume = annotationVolume + "image"
)
