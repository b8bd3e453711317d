package main

import engine "github.com/podctl/podctl/pkg/runtime"

// podctl is built twice, from the same commands. What knows registries, archives
// and signatures of images (pkg/library, cmd/podctl/imagecmd) is most of the
// program, and each process pays for it before it begins: 5 ms of CPU time and 10 MB
// of memory. So there is a podctl without it, built with the tag podctl_core, that
// has the whole one in it as data. It carries out what needs images only as far
// as they are there, and becomes the whole program for everything else. What
// "go build ./cmd/podctl" makes is the whole one, which works alone as well.
//
// part_core.go and part_whole.go are what differs. A command that comes to need the
// library ends with engine.ErrNoLibrary before it has done anything that counts; the
// whole program then begins anew, with the same arguments.

// imageVerbs are the verbs about images that stand at the top level.
const imageVerbs = "history import load pull push save search tag untag images rmi login logout"

// checkPart refuses what the whole program is for, where this is not it.
func checkPart(words []string) error {
	if openLibrary == nil && needsWhole(commands(), words) {
		return engine.ErrNoLibrary
	}
	return nil
}

// needsWhole says whether a command line is for the whole program from the start:
// verbs that are about images, and everybody who looks for a verb (help,
// completion, a mistyped word), as those see all of them.
func needsWhole(verbs []verb, words []string) bool {
	v, ok := find(verbs, words)
	switch {
	case !ok || v.library:
		return true
	case v.verbs != nil:
		return needsWhole(v.verbs, words[1:])
	}
	return false
}
