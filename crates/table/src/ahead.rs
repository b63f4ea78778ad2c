//! A stream that is read ahead by a thread of its own: unpacking goes on while cells are read.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, Sender, channel, sync_channel};
use std::thread;

/// Bytes of a block.
const BLOCK: usize = 256 << 10;
/// Blocks that wait at most.
const WAITING: usize = 4;

/// The reading end; dropped, it ends the thread.
pub(crate) struct Ahead {
    blocks: Receiver<io::Result<Vec<u8>>>,
    /// Blocks that have been read go back to be filled again: new memory costs more than what is put into it.
    spent: Sender<Vec<u8>>,
    block: Vec<u8>,
    at: usize,
}

impl Ahead {
    /// Begins to read.
    ///
    /// # Errors
    /// A thread that cannot be had; the input is then gone.
    pub(crate) fn of(mut input: impl Read + Send + 'static) -> io::Result<Ahead> {
        let (sender, blocks) = sync_channel(WAITING);
        let (spent, spare) = channel::<Vec<u8>>();
        thread::Builder::new().name("unpack".to_owned()).spawn(move || {
            loop {
                let mut block = spare.try_recv().unwrap_or_else(|_| Vec::with_capacity(BLOCK));
                block.clear();
                let read = input.by_ref().take(BLOCK as u64).read_to_end(&mut block);
                // What came before an error comes first, as it would without a thread.
                let ended = block.len() < BLOCK || read.is_err();
                let nobody_listens = !block.is_empty() && sender.send(Ok(block)).is_err();
                if let Err(error) = read {
                    let _ = sender.send(Err(error));
                }
                if ended || nobody_listens {
                    break;
                }
            }
        })?;
        Ok(Ahead { blocks, spent, block: Vec::new(), at: 0 })
    }
}

impl Read for Ahead {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at == self.block.len() {
            match self.blocks.recv() {
                Ok(block) => {
                    let spent = std::mem::replace(&mut self.block, block?);
                    self.at = 0;
                    // Where the thread has ended nobody needs it.
                    let _ = self.spent.send(spent);
                }
                // The thread has sent all there is.
                Err(_) => return Ok(0),
            }
        }
        let count = (&self.block[self.at..]).read(buffer)?;
        self.at += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::{Ahead, BLOCK};
    use std::io::{Cursor, Error, Read};

    struct Broken;

    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(Error::other("broken"))
        }
    }

    #[test]
    fn all_bytes_come_in_order_and_then_the_error() {
        let bytes: Vec<u8> = (0..3 * BLOCK + 17).map(|at| (at % 251) as u8).collect();
        let mut read = Vec::new();
        Ahead::of(Cursor::new(bytes.clone())).unwrap().read_to_end(&mut read).unwrap();
        assert!(read == bytes);
        let mut read = Vec::new();
        let error = Ahead::of(Cursor::new(bytes.clone()).chain(Broken)).unwrap().read_to_end(&mut read).unwrap_err();
        assert!(read == bytes && error.to_string() == "broken");
    }

    #[test]
    fn nobody_need_listen_to_the_end() {
        let mut first = [0_u8; 3];
        Ahead::of(std::io::repeat(7)).unwrap().read_exact(&mut first).unwrap();
        assert_eq!(first, [7; 3]);
    }
}
