package kube

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	yamlv3 "gopkg.in/yaml.v3"
	"sigs.k8s.io/yaml"

	"github.com/podctl/podctl/pkg/errdefs"
)

// Workload is an object that has pods. Whatever the kind, podctl makes one of them.
type Workload struct {
	Kind string
	// Pod is the name of the pod, "" where the object has none.
	Pod string
	// Replicas is how many were asked for.
	Replicas int32
	// Template describes the pod. Its annotations are those of the object too.
	Template PodTemplate
}

// Objects are what a file describes, in its order. Other kinds are left out.
type Objects struct {
	Workloads  []Workload
	Claims     []PersistentVolumeClaim
	Secrets    []Secret
	ConfigMaps []ConfigMap
}

// Read reads the documents of a YAML stream; the items of a List count as
// documents. Errors: class ErrInvalidArgument.
func Read(data []byte) (*Objects, error) {
	o := new(Objects)
	err := eachDocument(data, o.add)
	return o, errdefs.As(errdefs.ErrInvalidArgument, err)
}

// ReadConfigMaps reads a YAML stream that has nothing else.
func ReadConfigMaps(data []byte) ([]ConfigMap, error) {
	o := new(Objects)
	err := eachDocument(data, func(kind string, document []byte) error {
		if kind != "ConfigMap" {
			return fmt.Errorf("invalid YAML kind: %q. [ConfigMap] is the only supported by --configmap", kind)
		}
		return o.add(kind, document)
	})
	return o.ConfigMaps, errdefs.As(errdefs.ErrInvalidArgument, err)
}

// Check refuses a file from which nothing can be made.
func (o *Objects) Check() error {
	if len(o.Workloads)+len(o.Claims)+len(o.Secrets) > 0 {
		return nil
	}
	if len(o.ConfigMaps) > 0 {
		return errdefs.As(errdefs.ErrInvalidArgument, errors.New("ConfigMaps in podman are not a standalone object and must be used in a container"))
	}
	return errdefs.As(errdefs.ErrInvalidArgument, errors.New("YAML document does not contain any supported kube kind"))
}

// Annotate gives annotations to what becomes pods and volumes, over those it has.
func (o *Objects) Annotate(annotations map[string]string) {
	if len(annotations) == 0 {
		return
	}
	add := func(m *ObjectMeta) {
		if m.Annotations == nil {
			m.Annotations = map[string]string{}
		}
		maps.Copy(m.Annotations, annotations)
	}
	for i := range o.Workloads {
		add(&o.Workloads[i].Template.ObjectMeta)
	}
	for i := range o.Claims {
		add(&o.Claims[i].ObjectMeta)
	}
}

// eachDocument calls do with the kind and text of each document.
func eachDocument(data []byte, do func(kind string, document []byte) error) error {
	decoder := yamlv3.NewDecoder(bytes.NewReader(data))
	for {
		var document any
		err := decoder.Decode(&document)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("multi doc yaml could not be split: %w", err)
		}
		if err := eachItem(document, do); err != nil {
			return err
		}
	}
}

// eachItem calls do with a document, or with the items of a List.
func eachItem(document any, do func(kind string, document []byte) error) error {
	if document == nil {
		return nil
	}
	text, err := yamlv3.Marshal(document)
	if err != nil {
		return err
	}
	var head struct {
		TypeMeta
		Items []any `json:"items"`
	}
	if err := yaml.Unmarshal(text, &head); err != nil {
		return fmt.Errorf("unable to read kube YAML: %w", err)
	}
	if head.Kind != "List" {
		return do(head.Kind, text)
	}
	for _, item := range head.Items {
		if err := eachItem(item, do); err != nil {
			return err
		}
	}
	return nil
}

// add reads one document.
func (o *Objects) add(kind string, document []byte) error {
	switch kind {
	case "Pod":
		var p Pod
		if err := decode(kind, document, &p); err != nil {
			return err
		}
		o.Workloads = append(o.Workloads, Workload{Kind: kind, Pod: p.Name, Replicas: 1, Template: PodTemplate{ObjectMeta: p.ObjectMeta, Spec: p.Spec}})
	case "Deployment", "DaemonSet", "Job":
		var c Controller
		if err := decode(kind, document, &c); err != nil {
			return err
		}
		o.Workloads = append(o.Workloads, workloadOf(kind, &c))
	case "PersistentVolumeClaim":
		return appendDecoded(&o.Claims, kind, document)
	case "Secret":
		return appendDecoded(&o.Secrets, kind, document)
	case "ConfigMap":
		return appendDecoded(&o.ConfigMaps, kind, document)
	}
	return nil
}

// workloadOf is the one pod of a controller.
func workloadOf(kind string, c *Controller) Workload {
	w := Workload{Kind: kind, Replicas: 1, Template: c.Spec.Template}
	if c.Name != "" {
		w.Pod = c.Name + "-pod"
	}
	if kind == "Deployment" && c.Spec.Replicas != nil {
		w.Replicas = *c.Spec.Replicas
	}
	annotations := maps.Clone(c.Annotations)
	if annotations == nil {
		annotations = map[string]string{}
	}
	maps.Copy(annotations, w.Template.Annotations)
	w.Template.Annotations = annotations
	return w
}

// decode reads a document, which may have numbers where text belongs.
func decode(kind string, document []byte, into any) error {
	if err := yaml.Unmarshal(document, into); err != nil {
		return fmt.Errorf("unable to read YAML as Kube %s: %w", kind, err)
	}
	return nil
}

func appendDecoded[T any](list *[]T, kind string, document []byte) error {
	var object T
	if err := decode(kind, document, &object); err != nil {
		return err
	}
	*list = append(*list, object)
	return nil
}

// VolumeNames are the named volumes that the workloads mount or that are made for
// them, and the claims, each once.
func (o *Objects) VolumeNames() []string {
	var names []string
	add := func(name string) {
		if name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, w := range o.Workloads {
		for _, v := range w.Template.Spec.Volumes {
			switch {
			case v.PersistentVolumeClaim != nil:
				add(v.PersistentVolumeClaim.ClaimName)
			case v.ConfigMap != nil:
				add(v.ConfigMap.Name)
			case v.Secret != nil:
				add(v.Secret.SecretName)
			}
		}
	}
	for _, c := range o.Claims {
		add(c.Name)
	}
	return names
}
