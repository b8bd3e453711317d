package kube

import (
	"encoding/json"
	"io/fs"
)

// TypeMeta says what an object is.
type TypeMeta struct {
	APIVersion string `json:"apiVersion,omitempty"`
	Kind       string `json:"kind,omitempty"`
}

// ObjectMeta names and marks an object.
type ObjectMeta struct {
	Name              string            `json:"name,omitempty"`
	Labels            map[string]string `json:"labels,omitempty"`
	Annotations       map[string]string `json:"annotations,omitempty"`
	CreationTimestamp string            `json:"creationTimestamp,omitempty"`
}

// Pod is a pod.
type Pod struct {
	TypeMeta
	ObjectMeta `json:"metadata"`
	Spec       PodSpec `json:"spec"`

	// anyRestart: nobody chose the restart policy of what was described.
	anyRestart bool
}

// PodTemplate is a pod as a controller makes it.
type PodTemplate struct {
	ObjectMeta `json:"metadata"`
	Spec       PodSpec `json:"spec"`
}

// Controller is a Deployment, a DaemonSet or a Job: a template and how often.
type Controller struct {
	TypeMeta
	ObjectMeta `json:"metadata"`
	Spec       ControllerSpec `json:"spec"`
}

// ControllerSpec is what the kinds of controllers have between them.
type ControllerSpec struct {
	Replicas    *int32         `json:"replicas,omitempty"`
	Completions *int32         `json:"completions,omitempty"`
	Parallelism *int32         `json:"parallelism,omitempty"`
	Selector    *LabelSelector `json:"selector,omitempty"`
	Template    PodTemplate    `json:"template"`
}

// LabelSelector selects pods by their labels.
type LabelSelector struct {
	MatchLabels map[string]string `json:"matchLabels,omitempty"`
}

// PodSpec describes a pod.
type PodSpec struct {
	Volumes                       []Volume            `json:"volumes,omitempty"`
	InitContainers                []Container         `json:"initContainers,omitempty"`
	Containers                    []Container         `json:"containers"`
	RestartPolicy                 string              `json:"restartPolicy,omitempty"`
	TerminationGracePeriodSeconds *int64              `json:"terminationGracePeriodSeconds,omitempty"`
	DNSConfig                     *PodDNSConfig       `json:"dnsConfig,omitempty"`
	HostNetwork                   bool                `json:"hostNetwork,omitempty"`
	HostPID                       bool                `json:"hostPID,omitempty"`
	HostIPC                       bool                `json:"hostIPC,omitempty"`
	HostUsers                     *bool               `json:"hostUsers,omitempty"`
	ShareProcessNamespace         *bool               `json:"shareProcessNamespace,omitempty"`
	SecurityContext               *PodSecurityContext `json:"securityContext,omitempty"`
	Hostname                      string              `json:"hostname,omitempty"`
	HostAliases                   []HostAlias         `json:"hostAliases,omitempty"`
}

// PodDNSConfig is what /etc/resolv.conf holds.
type PodDNSConfig struct {
	Nameservers []string             `json:"nameservers,omitempty"`
	Searches    []string             `json:"searches,omitempty"`
	Options     []PodDNSConfigOption `json:"options,omitempty"`
}

// PodDNSConfigOption is NAME or NAME:VALUE.
type PodDNSConfigOption struct {
	Name  string  `json:"name,omitempty"`
	Value *string `json:"value,omitempty"`
}

// HostAlias is a line of /etc/hosts.
type HostAlias struct {
	IP        string   `json:"ip"`
	Hostnames []string `json:"hostnames,omitempty"`
}

// PodSecurityContext is what the containers of a pod have in common.
type PodSecurityContext struct {
	SELinuxOptions     *SELinuxOptions `json:"seLinuxOptions,omitempty"`
	RunAsUser          *int64          `json:"runAsUser,omitempty"`
	RunAsGroup         *int64          `json:"runAsGroup,omitempty"`
	SupplementalGroups []int64         `json:"supplementalGroups,omitempty"`
	Sysctls            []Sysctl        `json:"sysctls,omitempty"`
	SeccompProfile     *SeccompProfile `json:"seccompProfile,omitempty"`
}

// Sysctl is a kernel parameter.
type Sysctl struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// SELinuxOptions are the parts of a label. FileType is podman's own.
type SELinuxOptions struct {
	User     string `json:"user,omitempty"`
	Role     string `json:"role,omitempty"`
	Type     string `json:"type,omitempty"`
	Level    string `json:"level,omitempty"`
	FileType string `json:"filetype,omitempty"`
}

// SeccompProfile is RuntimeDefault, Unconfined, or Localhost with a path below the
// profile root.
type SeccompProfile struct {
	Type             string `json:"type"`
	LocalhostProfile string `json:"localhostProfile,omitempty"`
}

// Container describes a member of a pod.
type Container struct {
	Name            string               `json:"name"`
	Image           string               `json:"image,omitempty"`
	ImagePullPolicy string               `json:"imagePullPolicy,omitempty"`
	Command         []string             `json:"command,omitempty"`
	Args            []string             `json:"args,omitempty"`
	WorkingDir      string               `json:"workingDir,omitempty"`
	Ports           []ContainerPort      `json:"ports,omitempty"`
	EnvFrom         []EnvFromSource      `json:"envFrom,omitempty"`
	Env             []EnvVar             `json:"env,omitempty"`
	Resources       ResourceRequirements `json:"resources,omitzero"`
	VolumeMounts    []VolumeMount        `json:"volumeMounts,omitempty"`
	LivenessProbe   *Probe               `json:"livenessProbe,omitempty"`
	StartupProbe    *Probe               `json:"startupProbe,omitempty"`
	SecurityContext *SecurityContext     `json:"securityContext,omitempty"`
	Lifecycle       *Lifecycle           `json:"lifecycle,omitempty"`
	Stdin           bool                 `json:"stdin,omitempty"`
	StdinOnce       bool                 `json:"stdinOnce,omitempty"`
	TTY             bool                 `json:"tty,omitempty"`
	// ReadinessProbe is looked at only to refuse it where there can be none.
	ReadinessProbe json.RawMessage `json:"readinessProbe,omitempty"`
}

// ContainerPort is a port of a container, published with a HostPort.
type ContainerPort struct {
	Name          string `json:"name,omitempty"`
	HostPort      int32  `json:"hostPort,omitempty"`
	ContainerPort int32  `json:"containerPort"`
	Protocol      string `json:"protocol,omitempty"`
	HostIP        string `json:"hostIP,omitempty"`
}

// EnvFromSource gives all of a ConfigMap or Secret as variables.
type EnvFromSource struct {
	Prefix       string     `json:"prefix,omitempty"`
	ConfigMapRef *Reference `json:"configMapRef,omitempty"`
	SecretRef    *Reference `json:"secretRef,omitempty"`
}

// Reference names an object.
type Reference struct {
	Name     string `json:"name,omitempty"`
	Optional bool   `json:"optional,omitempty"`
}

// KeyReference names an entry of an object.
type KeyReference struct {
	Reference
	Key string `json:"key"`
}

// EnvVar is a variable.
type EnvVar struct {
	Name      string        `json:"name"`
	Value     string        `json:"value,omitempty"`
	ValueFrom *EnvVarSource `json:"valueFrom,omitempty"`
}

// EnvVarSource is where the value of a variable comes from.
type EnvVarSource struct {
	FieldRef *struct {
		FieldPath string `json:"fieldPath"`
	} `json:"fieldRef,omitempty"`
	ResourceFieldRef *ResourceFieldSelector `json:"resourceFieldRef,omitempty"`
	ConfigMapKeyRef  *KeyReference          `json:"configMapKeyRef,omitempty"`
	SecretKeyRef     *KeyReference          `json:"secretKeyRef,omitempty"`
}

// ResourceFieldSelector is a limit or request, in units of the divisor.
type ResourceFieldSelector struct {
	Resource string   `json:"resource"`
	Divisor  Quantity `json:"divisor,omitzero"`
}

// ResourceList has amounts by the name of the resource.
type ResourceList map[string]Quantity

// ResourceRequirements are the limits of a container.
type ResourceRequirements struct {
	Limits   ResourceList `json:"limits,omitempty"`
	Requests ResourceList `json:"requests,omitempty"`
}

// IsZero reports whether nothing is asked for.
func (r ResourceRequirements) IsZero() bool { return len(r.Limits)+len(r.Requests) == 0 }

// VolumeMount mounts a volume of the pod in a container.
type VolumeMount struct {
	Name             string  `json:"name"`
	ReadOnly         bool    `json:"readOnly,omitempty"`
	MountPath        string  `json:"mountPath"`
	SubPath          string  `json:"subPath,omitempty"`
	MountPropagation *string `json:"mountPropagation,omitempty"`
}

// Probe is a health check.
type Probe struct {
	Exec                *ExecAction      `json:"exec,omitempty"`
	HTTPGet             *HTTPGetAction   `json:"httpGet,omitempty"`
	TCPSocket           *TCPSocketAction `json:"tcpSocket,omitempty"`
	InitialDelaySeconds int32            `json:"initialDelaySeconds,omitempty"`
	TimeoutSeconds      int32            `json:"timeoutSeconds,omitempty"`
	PeriodSeconds       int32            `json:"periodSeconds,omitempty"`
	SuccessThreshold    int32            `json:"successThreshold,omitempty"`
	FailureThreshold    int32            `json:"failureThreshold,omitempty"`
}

// ExecAction runs a command in the container.
type ExecAction struct {
	Command []string `json:"command,omitempty"`
}

// HTTPGetAction asks a server.
type HTTPGetAction struct {
	Path   string      `json:"path,omitempty"`
	Port   IntOrString `json:"port"`
	Host   string      `json:"host,omitempty"`
	Scheme string      `json:"scheme,omitempty"`
}

// TCPSocketAction connects to a port.
type TCPSocketAction struct {
	Port IntOrString `json:"port"`
	Host string      `json:"host,omitempty"`
}

// Lifecycle is what happens around the life of a container; here, what ends it.
type Lifecycle struct {
	StopSignal string `json:"stopSignal,omitempty"`
}

// SecurityContext confines a container.
type SecurityContext struct {
	Capabilities             *Capabilities   `json:"capabilities,omitempty"`
	Privileged               *bool           `json:"privileged,omitempty"`
	SELinuxOptions           *SELinuxOptions `json:"seLinuxOptions,omitempty"`
	RunAsUser                *int64          `json:"runAsUser,omitempty"`
	RunAsGroup               *int64          `json:"runAsGroup,omitempty"`
	RunAsNonRoot             *bool           `json:"runAsNonRoot,omitempty"`
	ReadOnlyRootFilesystem   *bool           `json:"readOnlyRootFilesystem,omitempty"`
	AllowPrivilegeEscalation *bool           `json:"allowPrivilegeEscalation,omitempty"`
	ProcMount                string          `json:"procMount,omitempty"`
	SeccompProfile           *SeccompProfile `json:"seccompProfile,omitempty"`
}

// Capabilities are added to and dropped from the usual ones.
type Capabilities struct {
	Add  []string `json:"add,omitempty"`
	Drop []string `json:"drop,omitempty"`
}

// Volume is a volume of a pod: one of the sources.
type Volume struct {
	Name                  string           `json:"name"`
	HostPath              *HostPath        `json:"hostPath,omitempty"`
	EmptyDir              *EmptyDir        `json:"emptyDir,omitempty"`
	Secret                *SecretVolume    `json:"secret,omitempty"`
	PersistentVolumeClaim *ClaimVolume     `json:"persistentVolumeClaim,omitempty"`
	ConfigMap             *ConfigMapVolume `json:"configMap,omitempty"`
	Image                 *ImageVolume     `json:"image,omitempty"`
}

// HostPath is a file or directory of the host.
type HostPath struct {
	Path string `json:"path"`
	Type string `json:"type,omitempty"`
}

// The types of a [HostPath].
const (
	DirectoryOrCreate = "DirectoryOrCreate"
	Directory         = "Directory"
	FileOrCreate      = "FileOrCreate"
	File              = "File"
	Socket            = "Socket"
	CharDevice        = "CharDevice"
	BlockDevice       = "BlockDevice"
)

// PathType returns the type of what has this mode: one of those that do not make
// anything.
func PathType(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return Directory
	case mode&fs.ModeSocket != 0:
		return Socket
	case mode&fs.ModeCharDevice != 0:
		return CharDevice
	case mode&fs.ModeDevice != 0:
		return BlockDevice
	}
	return File
}

// EmptyDir lives as long as the pod, on disk or in memory.
type EmptyDir struct {
	Medium    string   `json:"medium,omitempty"`
	SizeLimit Quantity `json:"sizeLimit,omitzero"`
}

// SecretVolume has the entries of a secret as files.
type SecretVolume struct {
	SecretName  string      `json:"secretName,omitempty"`
	Items       []KeyToPath `json:"items,omitempty"`
	DefaultMode *int32      `json:"defaultMode,omitempty"`
	Optional    bool        `json:"optional,omitempty"`
}

// ConfigMapVolume has the entries of a ConfigMap as files.
type ConfigMapVolume struct {
	Name        string      `json:"name,omitempty"`
	Items       []KeyToPath `json:"items,omitempty"`
	DefaultMode *int32      `json:"defaultMode,omitempty"`
	Optional    bool        `json:"optional,omitempty"`
}

// KeyToPath is the file for an entry.
type KeyToPath struct {
	Key  string `json:"key"`
	Path string `json:"path"`
	Mode *int32 `json:"mode,omitempty"`
}

// ClaimVolume is a named volume.
type ClaimVolume struct {
	ClaimName string `json:"claimName"`
	ReadOnly  bool   `json:"readOnly,omitempty"`
}

// ImageVolume is the content of an image.
type ImageVolume struct {
	Reference  string `json:"reference,omitempty"`
	PullPolicy string `json:"pullPolicy,omitempty"`
}

// PersistentVolumeClaim is a named volume.
type PersistentVolumeClaim struct {
	TypeMeta
	ObjectMeta `json:"metadata"`
	Spec       ClaimSpec `json:"spec,omitzero"`
}

// ClaimSpec is what Kubernetes wants to know of a claim.
type ClaimSpec struct {
	AccessModes []string             `json:"accessModes,omitempty"`
	Resources   ResourceRequirements `json:"resources,omitzero"`
}

// IsZero reports whether nothing is said.
func (s ClaimSpec) IsZero() bool { return len(s.AccessModes) == 0 && s.Resources.IsZero() }

// Secret is a set of entries that are nobody's business. It is kept in the store of
// secrets as this YAML, as podman does.
type Secret struct {
	TypeMeta
	ObjectMeta `json:"metadata"`
	Immutable  *bool             `json:"immutable,omitempty"`
	Data       map[string][]byte `json:"data,omitempty"`
	StringData map[string]string `json:"stringData,omitempty"`
	Type       string            `json:"type,omitempty"`
}

// ConfigMap is a set of entries.
type ConfigMap struct {
	TypeMeta
	ObjectMeta `json:"metadata"`
	Data       map[string]string `json:"data,omitempty"`
	BinaryData map[string][]byte `json:"binaryData,omitempty"`
}

// Service gives the ports of pods to others.
type Service struct {
	TypeMeta
	ObjectMeta `json:"metadata"`
	Spec       ServiceSpec `json:"spec"`
}

// ServiceSpec describes a service.
type ServiceSpec struct {
	Ports    []ServicePort     `json:"ports,omitempty"`
	Selector map[string]string `json:"selector,omitempty"`
	Type     string            `json:"type,omitempty"`
}

// ServicePort is a port of a service.
type ServicePort struct {
	Name       string `json:"name,omitempty"`
	Protocol   string `json:"protocol,omitempty"`
	Port       int32  `json:"port"`
	TargetPort int32  `json:"targetPort"`
	NodePort   int32  `json:"nodePort,omitempty"`
}
