// Package imagecmd holds the commands about images: pull, push, load, save,
// import, images, rmi, search, tag, untag, history and the group image. Each
// file is one command, from its options to its output.
//
// The commands hold no rule about images: those are pkg/image's. They open the
// image store when they run, through the [Open] function they are given.
package imagecmd
