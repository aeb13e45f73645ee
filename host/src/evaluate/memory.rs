//! How much memory each thread has allocated: an evaluation runs on one thread from beginning to end, so that what it takes
//! is the difference between two looks at this.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    /// Bytes allocated on this thread less those freed on it. Neither initialised lazily nor dropped, so that it can be used
    /// in an allocation at any time.
    static LIVE: Cell<isize> = const { Cell::new(0) };
}

/// Bytes that this thread has allocated and not freed; may be negative, since what others allocated may be freed here. Stays
/// 0 where the program does not allocate through [`Counting`].
pub fn allocated() -> isize {
    LIVE.get()
}

/// The system's allocator, counting for each thread. The binary makes it the global one.
#[derive(Debug)]
pub struct Counting;

fn count(change: isize) {
    // A thread that ends may free when its variables are gone; nobody asks for its count any more.
    let _ = LIVE.try_with(|live| live.set(live.get().wrapping_add(change)));
}

// SAFETY: every call is passed on to the system's allocator as it came, and what that gives is given back. Counting changes
// one integer of the thread and allocates nothing.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: as the caller promised.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: as the caller promised.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: as the caller promised.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size as isize - layout.size() as isize);
        // SAFETY: as the caller promised.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(unsafe_code)]
    fn what_is_allocated_counts_until_it_is_freed() {
        let before = allocated();
        let (small, large) = (Layout::new::<[u8; 100]>(), Layout::new::<[u8; 1000]>());
        // SAFETY: the layouts are not empty, and the pointer is freed with the layout it has at the end.
        unsafe {
            let pointer = Counting.alloc(small);
            assert_eq!(allocated() - before, 100);
            let pointer = Counting.realloc(pointer, small, 1000);
            assert_eq!(allocated() - before, 1000);
            Counting.dealloc(pointer, large);
        }
        assert_eq!(allocated(), before);
    }
}
