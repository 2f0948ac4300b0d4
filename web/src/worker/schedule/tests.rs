use super::*;

fn log(n_chunks: u32) -> (u64, Opening) {
    let opening = Opening { is_log: true, first_chunk_offset: 4096, n_chunks, ..Opening::default() };
    (4096 + u64::from(n_chunks) * 65_536, opening)
}

fn with_log(n_workers: usize, n_chunks: u32) -> Schedule {
    let mut schedule = Schedule::new(n_workers);
    let (n_bytes, opening) = log(n_chunks);
    schedule.add(0, 10, n_bytes, opening, false);
    schedule
}

/// Does every step at once, as a machine without delays would; workers die over the chunks in `deadly`.
fn run(schedule: &mut Schedule, deadly: &[u32]) -> Vec<Step> {
    let (mut done, mut most) = (Vec::new(), 0);
    loop {
        let steps = schedule.steps(0.0, false);
        most = most.max(schedule.n_in_memory());
        assert!(most <= schedule.most_in_memory());
        if steps.is_empty() {
            return done;
        }
        for step in steps {
            done.push(step.clone());
            match step {
                Step::Read(batch) => schedule.read(batch.number),
                Step::Parse { worker, batch } => {
                    let last = batch.first_chunk + batch.n_bytes().div_ceil(65_536) as u32;
                    if deadly.iter().any(|chunk| (batch.first_chunk..last).contains(chunk)) {
                        for step in schedule.died(worker, "it was bad") {
                            let Step::Abandon(batch) = step else { panic!("{step:?}") };
                            done.extend(schedule.abandoned(batch, false));
                        }
                    } else {
                        schedule.parsed(worker, batch.number, 0.0);
                        schedule.merged(batch.number);
                    }
                }
                _ => {}
            }
        }
    }
}

fn chunks_merged(steps: &[Step]) -> u64 {
    let parsed = steps.iter().filter_map(|step| match step {
        Step::Parse { batch, .. } => Some(batch.n_bytes()),
        _ => None,
    });
    parsed.sum::<u64>() / 65_536
}

#[test]
fn a_log_is_read_to_its_end_in_growing_batches() {
    let mut schedule = with_log(2, 256);
    let steps = run(&mut schedule, &[]);
    assert_eq!(reads(&steps), [(0, 4), (4, 8), (12, 16), (28, 32), (60, 64), (124, 64), (188, 64), (252, 4)]);
    assert_eq!(steps[steps.len() - 2..], [Step::End { source: 10, stop: None }, Step::Settle]);
    assert_eq!(schedule.n_bytes_done(), 256 * 65_536);
}

#[test]
fn a_large_log_is_read_from_its_middle_as_well() {
    let mut schedule = with_log(2, 601);
    let steps = run(&mut schedule, &[]);
    let reads = reads(&steps);
    assert_eq!(reads[..4], [(0, 4), (301, 8), (4, 16), (309, 32)]);
    let mut chunks: Vec<u64> = reads.iter().flat_map(|&(first, n)| first..first + n).collect();
    chunks.sort_unstable();
    assert_eq!(chunks, (0..601).collect::<Vec<_>>(), "each once");
    assert_eq!(steps[steps.len() - 2..], [Step::End { source: 10, stop: None }, Step::Settle]);
}

/// The first chunk of each batch that is read, and how many it has.
fn reads(steps: &[Step]) -> Vec<(u64, u64)> {
    let read = |step: &Step| match step {
        Step::Read(batch) => Some(((batch.from - 4096) / 65_536, batch.n_bytes() / 65_536)),
        _ => None,
    };
    steps.iter().filter_map(read).collect()
}

#[test]
fn what_is_there_already_is_one_batch() {
    let mut schedule = Schedule::new(2);
    let (n_bytes, opening) = log(30);
    schedule.add(0, 10, n_bytes, opening, true);
    let steps = schedule.steps(0.0, false);
    assert!(matches!(&steps[..], [Step::Read(batch)] if batch.n_bytes() == 30 * 65_536), "{steps:?}");
}

#[test]
fn reading_ahead_is_bounded() {
    let mut schedule = with_log(1, 10_000);
    let (n_bytes, opening) = log(10_000);
    schedule.add(1, 11, n_bytes, opening, false);
    let first = schedule.steps(0.0, false);
    assert_eq!(first.len(), READS_AT_ONCE, "one of each half of a file");
    let mut n_reads = 0;
    for _ in 0..100 {
        for step in schedule.steps(0.0, false) {
            if let Step::Read(_) = step {
                n_reads += 1;
            }
        }
        for number in schedule.being_read.clone() {
            schedule.read(number);
        }
    }
    assert!(n_reads <= schedule.most_in_memory(), "{n_reads} reads and nothing merged");
}

#[test]
fn parsing_goes_on_while_the_case_is_busy() {
    let mut schedule = with_log(1, 100_000);
    let mut n_parsed = 0;
    for _ in 0..1000 {
        for step in schedule.steps(0.0, false) {
            match step {
                Step::Read(batch) => schedule.read(batch.number),
                Step::Parse { worker, batch } => {
                    schedule.parsed(worker, batch.number, 0.0);
                    n_parsed += 1;
                }
                step => panic!("{step:?}"),
            }
        }
    }
    assert!((MOST_BLOCKS..MOST_BLOCKS + schedule.most_in_memory()).contains(&n_parsed), "{n_parsed}");
}

#[test]
fn one_deadly_chunk_costs_one_chunk() {
    let mut schedule = with_log(2, 100);
    let steps = run(&mut schedule, &[30]);
    let problems: Vec<&Step> = steps.iter().filter(|step| matches!(step, Step::Problem { .. })).collect();
    assert!(matches!(problems[..], [Step::Problem { source: 10, chunk: 30, .. }]), "{problems:?}");
    assert!(steps.contains(&Step::End { source: 10, stop: None }));
    assert_eq!(chunks_merged(&steps), 100 + 32, "only the batch it was in is read twice");
}

#[test]
fn what_waited_for_a_dead_worker_is_read_again() {
    let mut schedule = with_log(1, 12);
    let mut n_given = 0;
    for _ in 0..3 {
        for step in schedule.steps(0.0, false) {
            match step {
                Step::Read(batch) => schedule.read(batch.number),
                Step::Parse { .. } => n_given += 1,
                step => panic!("{step:?}"),
            }
        }
    }
    assert_eq!(n_given, 2);
    let abandoned = schedule.died(1, "it was bad");
    assert_eq!(abandoned, [Step::Abandon(0), Step::Abandon(1)]);
    assert_eq!(schedule.abandoned(0, true), [], "it came through before the worker died");
    assert_eq!(schedule.abandoned(1, false), []);
    let steps = run(&mut schedule, &[]);
    assert!(!steps.iter().any(|step| matches!(step, Step::Problem { .. })));
    assert_eq!(chunks_merged(&steps), 8, "only the one that waited");
    assert_eq!(steps[steps.len() - 2..], [Step::End { source: 10, stop: None }, Step::Settle]);
}

#[test]
fn a_file_that_cannot_be_read_ends_and_others_go_on() {
    let mut schedule = with_log(2, 100);
    let (n_bytes, opening) = log(3);
    schedule.add(1, 11, n_bytes, opening, false);
    let Some(Step::Read(batch)) = schedule.steps(0.0, false).into_iter().next() else { panic!() };
    let ended = schedule.not_read(batch.number, "it is gone".into());
    assert_eq!(ended, [Step::End { source: 10, stop: Some(Stop::Failed("it is gone".into())) }]);
    let others: Vec<BatchNo> = schedule.being_read.clone();
    others.into_iter().for_each(|number| schedule.read(number));
    let steps = run(&mut schedule, &[]);
    assert!(steps.contains(&Step::End { source: 11, stop: None }));
    assert_eq!(steps.iter().filter(|step| matches!(step, Step::End { .. })).count(), 1);
}

#[test]
fn cancel_ends_what_is_in_flight_at_once() {
    let mut schedule = with_log(2, 100);
    let steps = schedule.steps(0.0, false);
    assert_eq!(schedule.cancel(), [Step::End { source: 10, stop: Some(Stop::Cancelled) }]);
    for step in steps {
        if let Step::Read(batch) = step {
            assert!(!schedule.wants(batch.number));
            schedule.read(batch.number);
        }
    }
    assert_eq!(schedule.steps(0.0, false), [Step::Settle]);
    assert_eq!(schedule.steps(0.0, false), []);
}

#[test]
fn after_a_cancel_more_can_be_read() {
    let mut schedule = with_log(2, 100);
    run(&mut schedule, &[]);
    schedule.cancel();
    let (n_bytes, opening) = log(5);
    schedule.add(1, 11, n_bytes, opening, false);
    assert!(run(&mut schedule, &[]).contains(&Step::End { source: 11, stop: None }));
}

#[test]
fn a_log_without_chunks_is_done_at_once() {
    let mut schedule = with_log(2, 0);
    assert_eq!(run(&mut schedule, &[]), [Step::End { source: 10, stop: None }, Step::Settle]);
}

#[test]
fn a_worker_that_never_answers_is_found() {
    let mut schedule = with_log(1, 4);
    let Some(Step::Read(batch)) = schedule.steps(0.0, false).into_iter().next() else { panic!() };
    schedule.read(batch.number);
    let parse = schedule.steps(5.0, false);
    assert!(matches!(parse[..], [Step::Parse { worker: 1, .. }]), "{parse:?}");
    assert_eq!(schedule.stuck(30_000.0), Vec::<WorkerNo>::new());
    assert_eq!(schedule.stuck(30_006.0), [1]);
}

#[test]
fn nothing_settles_while_files_are_still_being_opened() {
    let mut schedule = Schedule::new(1);
    schedule.listed();
    assert_eq!(schedule.steps(0.0, true), []);
    assert_eq!(schedule.steps(0.0, false), [Step::Settle]);
}
