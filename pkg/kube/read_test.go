package kube

import (
	"io/fs"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/errdefs"
)

func TestReadFindsAllDocuments(t *testing.T) {
	o, err := Read([]byte(`
# nothing here
---
kind: List
items:
- {kind: Pod, metadata: {name: a}, spec: {containers: [{name: c, image: i, env: [{name: N, value: 5}, {name: Y, value: yes}]}]}}
- {kind: Secret, metadata: {name: s}, data: {k: aGk=}, stringData: {t: text}}
---
kind: Deployment
metadata: {name: d, annotations: {x: outer, y: outer}}
spec: {replicas: 3, template: {metadata: {annotations: {x: inner}}, spec: {volumes: [{name: v, persistentVolumeClaim: {claimName: p}}]}}}
---
kind: PersistentVolumeClaim
metadata: {name: p}
---
kind: ConfigMap
metadata: {name: m}
data: {mode: 0644}
---
kind: Gadget
`))
	require.NoError(t, err)
	require.NoError(t, o.Check())
	require.Len(t, o.Workloads, 2)
	require.Equal(t, "a", o.Workloads[0].Pod)
	env := o.Workloads[0].Template.Spec.Containers[0].Env
	require.Equal(t, []string{"5", "yes"}, []string{env[0].Value, env[1].Value}, "numbers where text belongs, as podman reads them")
	d := o.Workloads[1]
	require.Equal(t, "d-pod", d.Pod)
	require.EqualValues(t, 3, d.Replicas)
	require.Equal(t, map[string]string{"x": "inner", "y": "outer"}, d.Template.Annotations)
	require.Equal(t, map[string][]byte{"k": []byte("hi"), "t": []byte("text")}, o.Secrets[0].entries())
	require.Equal(t, "420", o.ConfigMaps[0].Data["mode"])
	require.Equal(t, []string{"p"}, o.VolumeNames())
}

func TestReadRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"a: [":                             "multi doc yaml could not be split: yaml: line 1: did not find expected node content",
		"kind: Pod\nspec: 5":               "unable to read YAML as Kube Pod: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal number into Go struct field Pod.spec of type kube.PodSpec",
		"kind: Job\nmetadata: {name: [1]}": "unable to read YAML as Kube Job: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go struct field ObjectMeta.metadata.name of type string",
	} {
		_, err := Read([]byte(text))
		require.EqualError(t, err, want)
		require.ErrorIs(t, err, errdefs.ErrInvalidArgument)
	}
	for text, want := range map[string]string{
		"":                "YAML document does not contain any supported kube kind",
		"kind: Gadget":    "YAML document does not contain any supported kube kind",
		"kind: ConfigMap": "ConfigMaps in podman are not a standalone object and must be used in a container",
	} {
		o, err := Read([]byte(text))
		require.NoError(t, err)
		require.EqualError(t, o.Check(), want)
	}
	_, err := ReadConfigMaps([]byte("kind: ConfigMap\n---\nkind: Pod"))
	require.EqualError(t, err, `invalid YAML kind: "Pod". [ConfigMap] is the only supported by --configmap`)
}

func TestAnnotate(t *testing.T) {
	o, err := Read([]byte(`
{kind: Pod, metadata: {name: p, annotations: {a: "1", b: "1"}}}
---
{kind: Job, metadata: {name: j}}
---
{kind: PersistentVolumeClaim, metadata: {name: v}}
---
{kind: Secret, metadata: {name: s}}
`))
	require.NoError(t, err)
	o.Annotate(nil)
	require.Nil(t, o.Claims[0].Annotations)
	o.Annotate(map[string]string{"b": "2", "c": "2"})
	require.Equal(t, map[string]string{"a": "1", "b": "2", "c": "2"}, o.Workloads[0].Template.Annotations)
	require.Equal(t, map[string]string{"b": "2", "c": "2"}, o.Workloads[1].Template.Annotations)
	require.Equal(t, map[string]string{"b": "2", "c": "2"}, o.Claims[0].Annotations)
	require.Nil(t, o.Secrets[0].Annotations)
}

func TestPathType(t *testing.T) {
	for want, mode := range map[string]fs.FileMode{
		Directory: fs.ModeDir | 0o755, File: 0o644, Socket: fs.ModeSocket, CharDevice: fs.ModeDevice | fs.ModeCharDevice, BlockDevice: fs.ModeDevice,
	} {
		require.Equal(t, want, PathType(mode))
	}
}

func TestClaimBecomesVolume(t *testing.T) {
	o, err := Read([]byte(`
kind: PersistentVolumeClaim
metadata:
  name: p
  labels: {l: v}
  annotations: {volume.podman.io/driver: local, volume.podman.io/uid: "7", volume.podman.io/gid: "8", volume.podman.io/type: tmpfs,
    volume.podman.io/mount-options: size=1m, volume.podman.io/import-source: x.tar}
`))
	require.NoError(t, err)
	v, err := o.Claims[0].Volume()
	require.NoError(t, err)
	require.Equal(t, &ClaimedVolume{
		Name: "p", Driver: "local", Options: map[string]string{"type": "tmpfs", "o": "size=1m"}, Labels: map[string]string{"l": "v"},
		UID: ptr(7), GID: ptr(8), Import: "x.tar",
	}, v)
	o.Claims[0].Annotations["volume.podman.io/uid"] = "me"
	_, err = o.Claims[0].Volume()
	require.ErrorContains(t, err, "cannot convert uid me to integer")
	_, err = new(PersistentVolumeClaim).Volume()
	require.EqualError(t, err, "persistent volume claim name can not be empty")

	again, err := Claim("p", "local", v.Options, v.Labels, "now").Volume()
	require.NoError(t, err)
	v.UID, v.GID, v.Import = nil, nil, ""
	require.Equal(t, v, again)
}
