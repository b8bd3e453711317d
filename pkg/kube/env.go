package kube

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/yaml"
)

// Sources are what a pod may refer to outside of its own description.
type Sources struct {
	ConfigMaps []ConfigMap
	// Secret reads the data of a secret. Its errors are passed on, or stand for a
	// secret that is not there where that is allowed.
	Secret func(name string) ([]byte, error)
	// Memory in bytes and CPUs are what the host has: the limits of a container
	// without any.
	Memory int64
	CPUs   int
}

// configMap finds a ConfigMap; nil if there is none.
func (s *Sources) configMap(name string) *ConfigMap {
	i := slices.IndexFunc(s.ConfigMaps, func(c ConfigMap) bool { return c.Name == name })
	if i < 0 {
		return nil
	}
	return &s.ConfigMaps[i]
}

// secret reads the entries of a secret: one that was made from a Kubernetes file,
// or a JSON object, which is how old ones are kept.
func (s *Sources) secret(name string) (map[string][]byte, error) {
	data, err := s.Secret(name)
	if err != nil {
		return nil, err
	}
	var entries map[string][]byte
	if json.Unmarshal(data, &entries) == nil {
		return entries, nil
	}
	var secret Secret
	if err := yaml.Unmarshal(data, &secret); err != nil {
		return nil, fmt.Errorf("secret %s was not made from a Kubernetes file: %w", name, err)
	}
	return secret.entries(), nil
}

func (s *Secret) entries() map[string][]byte {
	entries := maps.Clone(s.Data)
	if entries == nil {
		entries = map[string][]byte{}
	}
	for key, text := range s.StringData {
		entries[key] = []byte(text)
	}
	return entries
}

// environment is the variables of a container as K=V, those of envFrom first.
func (p *Play) environment(c *Container, podID string) ([]string, error) {
	var env []string
	for _, from := range c.EnvFrom {
		entries, err := p.allOf(from)
		if err != nil {
			return nil, err
		}
		for _, key := range slices.Sorted(maps.Keys(entries)) {
			env = append(env, from.Prefix+key+"="+entries[key])
		}
	}
	for _, v := range c.Env {
		value, ok, err := p.valueOf(c, v, podID)
		if err != nil {
			return nil, err
		}
		if ok {
			env = append(env, v.Name+"="+value)
		}
	}
	return env, nil
}

// allOf is the entries of a ConfigMap or secret.
func (p *Play) allOf(from EnvFromSource) (map[string]string, error) {
	entries := map[string]string{}
	if ref := from.ConfigMapRef; ref != nil {
		found := p.sources.configMap(ref.Name)
		if found == nil && !ref.Optional {
			return nil, fmt.Errorf("configmap %v not found", ref.Name)
		}
		if found != nil {
			maps.Copy(entries, found.Data)
		}
	}
	if ref := from.SecretRef; ref != nil {
		found, err := p.sources.secret(ref.Name)
		if err != nil && !ref.Optional {
			return nil, err
		}
		for key, value := range found {
			entries[key] = string(value)
		}
	}
	return entries, nil
}

// valueOf is the value of a variable; none if what it refers to may be missing.
func (p *Play) valueOf(c *Container, v EnvVar, podID string) (value string, ok bool, err error) {
	switch from := v.ValueFrom; {
	case from == nil:
		return v.Value, true, nil
	case from.ConfigMapKeyRef != nil:
		value, err = p.configMapKey(v.Name, from.ConfigMapKeyRef)
		return value, err == nil, unless(from.ConfigMapKeyRef.Optional, err)
	case from.SecretKeyRef != nil:
		value, err = p.secretKey(v.Name, from.SecretKeyRef)
		return value, err == nil, unless(from.SecretKeyRef.Optional, err)
	case from.FieldRef != nil:
		value, err = p.field(v.Name, from.FieldRef.FieldPath, podID)
		return value, true, err
	case from.ResourceFieldRef != nil:
		value, err = p.resourceField(c, v.Name, from.ResourceFieldRef)
		return value, true, err
	}
	return v.Value, true, nil
}

func unless(optional bool, err error) error {
	if optional {
		return nil
	}
	return err
}

func (p *Play) configMapKey(name string, ref *KeyReference) (string, error) {
	found := p.sources.configMap(ref.Name)
	if found == nil {
		return "", fmt.Errorf("cannot set env %v: configmap %v not found", name, ref.Name)
	}
	value, ok := found.Data[ref.Key]
	if !ok {
		return "", fmt.Errorf("cannot set env %v: key %s not found in configmap %v", name, ref.Key, ref.Name)
	}
	return value, nil
}

func (p *Play) secretKey(name string, ref *KeyReference) (string, error) {
	entries, err := p.sources.secret(ref.Name)
	if err != nil {
		return "", fmt.Errorf("cannot set env %v: %w", name, err)
	}
	value, ok := entries[ref.Key]
	if !ok {
		return "", fmt.Errorf("cannot set env %v: secret %v has not %v key", name, ref.Name, ref.Key)
	}
	return string(value), nil
}

var fieldPath = regexp.MustCompile(`^metadata\.(labels|annotations)\['(.+)'\]$`)

// field is a field of the pod. A label or annotation that is not there is empty.
func (p *Play) field(name, path, podID string) (string, error) {
	switch path {
	case "metadata.name":
		return p.Name, nil
	case "metadata.uid":
		return podID, nil
	}
	parts := fieldPath.FindStringSubmatch(path)
	switch {
	case parts == nil:
		return "", fmt.Errorf("can not set env %v. Reason: fieldPath %v is either not valid or not supported", name, path)
	case parts[1] == "labels":
		return p.meta.Labels[parts[2]], nil
	}
	return p.meta.Annotations[parts[2]], nil
}

// resourceField is a limit or request: without a request the limit, and without
// that what the host has.
func (p *Play) resourceField(c *Container, name string, ref *ResourceFieldSelector) (string, error) {
	kind, resource, _ := strings.Cut(ref.Resource, ".")
	host := map[string]Quantity{"memory": NewQuantity(p.sources.Memory), "cpu": NewQuantity(int64(p.sources.CPUs))}
	value, known := host[resource]
	if !known || kind != "limits" && kind != "requests" {
		return "", fmt.Errorf("can not set env %v. Reason: resource %v is either not valid or not supported", name, ref.Resource)
	}
	if limit := c.Resources.Limits[resource]; !limit.IsZero() {
		value = limit
	}
	if request := c.Resources.Requests[resource]; kind == "requests" && !request.IsZero() {
		value = request
	}
	divisor := ref.Divisor
	if divisor.IsZero() {
		divisor = NewQuantity(1)
	}
	if !slices.Contains(divisors(resource), divisor.String()) {
		return "", fmt.Errorf("can not set env %s. Reason: divisor value %s is not valid", name, divisor)
	}
	n, err := value.In(divisor)
	return strconv.FormatInt(n, 10), err
}

func divisors(resource string) []string {
	if resource == "cpu" {
		return []string{"1", "1m"}
	}
	return []string{"1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"}
}

// expand puts the values of variables into $(NAME). $$ stands for a $, and what
// names no variable stays.
func expand(text string, env map[string]string) string {
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(text, "$")
		out.WriteString(before)
		if !found {
			return out.String()
		}
		name, after, closed := strings.Cut(strings.TrimPrefix(rest, "("), ")")
		value, known := env[name]
		switch {
		case strings.HasPrefix(rest, "$"):
			out.WriteString("$")
			text = rest[1:]
		case strings.HasPrefix(rest, "(") && closed && known:
			out.WriteString(value)
			text = after
		case strings.HasPrefix(rest, "(") && closed:
			out.WriteString("$(" + name + ")")
			text = after
		default:
			out.WriteString("$")
			text = rest
		}
	}
}

// escape is what expand turns into these words.
func escape(words []string) []string {
	out := slices.Clone(words)
	for i, word := range out {
		if strings.Contains(word, "$(") || strings.Contains(word, "$$") {
			out[i] = strings.ReplaceAll(word, "$", "$$")
		}
	}
	return out
}
