#ifndef HARDSTOP_NATIVE_PLATFORM_THREAD_ANNOTATIONS_H_
#define HARDSTOP_NATIVE_PLATFORM_THREAD_ANNOTATIONS_H_

// Names for clang's thread-safety analysis (`-Wthread-safety`): the compiler then checks that a
// field is only touched while the mutex that guards it is held. Other compilers read them as
// nothing.

#if defined(__clang__)
#define HARDSTOP_ATTRIBUTE(x) __attribute__((x))
#else
#define HARDSTOP_ATTRIBUTE(x)
#endif

#define HARDSTOP_CAPABILITY(kind) HARDSTOP_ATTRIBUTE(capability(kind))
#define HARDSTOP_SCOPED_CAPABILITY HARDSTOP_ATTRIBUTE(scoped_lockable)
#define HARDSTOP_GUARDED_BY(mutex) HARDSTOP_ATTRIBUTE(guarded_by(mutex))
#define HARDSTOP_PT_GUARDED_BY(mutex) HARDSTOP_ATTRIBUTE(pt_guarded_by(mutex))
#define HARDSTOP_REQUIRES(...) HARDSTOP_ATTRIBUTE(requires_capability(__VA_ARGS__))
#define HARDSTOP_EXCLUDES(...) HARDSTOP_ATTRIBUTE(locks_excluded(__VA_ARGS__))
#define HARDSTOP_ACQUIRE(...) HARDSTOP_ATTRIBUTE(acquire_capability(__VA_ARGS__))
#define HARDSTOP_RELEASE(...) HARDSTOP_ATTRIBUTE(release_capability(__VA_ARGS__))
#define HARDSTOP_RETURN_CAPABILITY(mutex) HARDSTOP_ATTRIBUTE(lock_returned(mutex))
#define HARDSTOP_NO_THREAD_SAFETY_ANALYSIS HARDSTOP_ATTRIBUTE(no_thread_safety_analysis)

#endif  // HARDSTOP_NATIVE_PLATFORM_THREAD_ANNOTATIONS_H_
