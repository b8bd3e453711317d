// Package handover lets a program that is small become one that can do more. podctl
// is built twice: with all it can do, and without what knows registries and
// archives, which takes longer to load than most commands take to run. The small
// one has the whole one in it, as data, and becomes it where it is needed.
//
// That is an exec(2): process, arguments, environment, open streams and working
// directory stay, and the whole program begins at its beginning. So a command
// hands over before it has done anything that counts, or has undone it.
//
// The whole program then runs from memory (memfd_create(2)) and has no path.
// [Program] is the path of the small one, for what is to be run later: conmon's
// exit command, and podctl itself inside a user's namespaces.
package handover
