//! The methods that ours is measured beside, on the unit cube.

use caviar_tune::conformance::keyed_uniform;
use caviar_tune::{Params, Space};

use crate::density::Densities;
use crate::search::{FULL, RUNGS, Search};

/// Virtual workers of the asynchronous methods.
const WORKERS: usize = 8;
/// Epochs of a configuration under asynchronous halving, on average.
const EPOCHS_EACH: f64 = 0.117 * FULL as f64;
/// Stages of the zoom.
const STAGES: usize = 3;

/// A box around the best, or anywhere.
#[derive(Clone, Copy, PartialEq)]
pub enum Walls {
    /// Samples are drawn inside the part of the box that lies in the space.
    Inside,
    /// Samples outside are moved to the wall.
    Clipped,
}

/// Which baseline.
#[derive(Clone, Copy, PartialEq)]
pub enum Method {
    /// Successive halving, one bracket sized to the budget.
    Bracket,
    /// Three brackets, each in a box of half the width around the best so far.
    Zoom(Walls),
    /// Asynchronous halving with the sampler of BOHB.
    DensityAsha(Walls),
    /// Asynchronous halving, stages by the number of configurations.
    ZoomAsha(Walls),
}

/// A configuration with its errors at the rungs that it has reached.
pub struct Point {
    pub place: Vec<f64>,
    pub errors: Vec<f64>,
    promoted: usize,
}

struct Job {
    point: usize,
    rung: usize,
    ends: f64,
    error: f64,
}

/// A baseline on its way.
pub struct Baseline {
    method: Method,
    space: Space,
    uniform: Box<dyn Fn(u64, u64) -> f64>,
    draws: u64,
    points: Vec<Point>,
    jobs: Vec<Job>,
    asked: Option<usize>,
    budget: f64,
    /// The wave of a bracket: points on their way to a rung.
    wave: Vec<usize>,
    rung: usize,
    stage: usize,
    best: f64,
}

impl Baseline {
    pub fn new(method: Method, space: Space, epochs: u64, seed: u64) -> Baseline {
        Baseline {
            method,
            space,
            uniform: Box::new(keyed_uniform(seed)),
            draws: 0,
            points: Vec::new(),
            jobs: Vec::new(),
            asked: None,
            budget: epochs as f64,
            wave: Vec::new(),
            rung: RUNGS.len() - 1,
            stage: 0,
            best: 100.0,
        }
    }

    fn draw(&mut self) -> f64 {
        self.draws += 1;
        (self.uniform)(self.draws, 0)
    }

    fn add(&mut self, place: Vec<f64>) -> usize {
        self.points.push(Point { place, errors: Vec::new(), promoted: 0 });
        self.points.len() - 1
    }

    fn anywhere(&mut self) -> Vec<f64> {
        (0..self.space.parameters().len()).map(|_| self.draw()).collect()
    }

    fn near(&mut self, center: &[f64], width: f64, walls: Walls) -> Vec<f64> {
        let place = |center: &f64| {
            let (low, high) = (center - width / 2.0, center + width / 2.0);
            let drawn = self.draw();
            match walls {
                Walls::Clipped => (low + (high - low) * drawn).clamp(0.0, 1.0),
                Walls::Inside => low.max(0.0) + (high.min(1.0) - low.max(0.0)) * drawn,
            }
        };
        center.iter().map(place).collect()
    }

    /// Points at a rung, the best first.
    fn ranked(&self, rung: usize) -> Vec<usize> {
        let mut ranked: Vec<usize> = (0..self.points.len()).filter(|&p| self.points[p].errors.len() > rung).collect();
        ranked.sort_by(|&a, &b| self.points[a].errors[rung].total_cmp(&self.points[b].errors[rung]));
        ranked
    }

    /// The next point of a bracket, when all before it are told.
    fn of_bracket(&mut self, stages: usize) -> Option<usize> {
        while self.wave.is_empty() {
            if self.rung + 1 < RUNGS.len() {
                let start =
                    self.points.iter().rposition(|point| point.promoted != self.stage).map_or(0, |last| last + 1);
                let own = self.ranked(self.rung).into_iter().filter(|&point| point >= start);
                let survivors = ((self.points.len() - start) / 3_usize.pow(self.rung as u32 + 1)).max(1);
                self.wave = own.take(survivors).collect();
                self.rung += 1;
            } else if self.stage < stages {
                self.stage += 1;
                self.rung = 0;
                let share = self.budget / stages as f64;
                let count = (1..).take_while(|&count| bracket_cost(count) <= share).last()?;
                let best = (0..RUNGS.len()).rev().find_map(|rung| self.ranked(rung).first().copied());
                let center = best.map(|best| self.points[best].place.clone());
                for _ in 0..count {
                    let place = match (&center, self.method) {
                        (Some(center), Method::Zoom(walls)) => {
                            self.near(center, 0.5_f64.powi(self.stage as i32 - 1), walls)
                        }
                        _ => self.anywhere(),
                    };
                    let point = self.add(place);
                    self.points[point].promoted = self.stage;
                    self.wave.push(point);
                }
            } else {
                return None;
            }
        }
        Some(self.wave.remove(0))
    }

    /// The next point under asynchronous halving, when the first of the workers is free.
    fn of_asha(&mut self) -> Option<(usize, usize, f64)> {
        let mut now = 0.0;
        if self.jobs.len() == WORKERS {
            let first = (0..WORKERS).min_by(|&a, &b| self.jobs[a].ends.total_cmp(&self.jobs[b].ends))?;
            // Only what ends within the budget counts.
            if self.jobs[first].ends > self.budget / WORKERS as f64 {
                return None;
            }
            let job = self.jobs.remove(first);
            now = job.ends;
            self.points[job.point].errors.push(job.error);
            if job.rung + 1 == RUNGS.len() {
                self.best = self.best.min(job.error);
            }
        }
        for rung in (0..RUNGS.len() - 1).rev() {
            let ranked = self.ranked(rung);
            let unpromoted = |&&point: &&usize| self.points[point].promoted <= rung;
            if let Some(&point) = ranked[..ranked.len() / 3].iter().find(unpromoted) {
                self.points[point].promoted = rung + 1;
                return Some((point, rung + 1, now));
            }
        }
        let stage = (STAGES as f64 * self.points.len() as f64 / (self.budget / EPOCHS_EACH)) as usize;
        let place = self.sampled(stage.min(STAGES - 1));
        Some((self.add(place), 0, now))
    }

    fn sampled(&mut self, stage: usize) -> Vec<f64> {
        let anywhere = self.draw() < 0.2;
        let compared = (0..RUNGS.len()).rev().map(|rung| self.ranked(rung)).find(|ranked| ranked.len() >= 3);
        match (self.method, compared) {
            (Method::ZoomAsha(walls), Some(ranked)) if stage > 0 && !anywhere => {
                let parent = ranked[(self.draw() * 3.0) as usize];
                let center = self.points[parent].place.clone();
                self.near(&center, 0.5_f64.powi(stage as i32), walls)
            }
            (Method::DensityAsha(walls), _) if !anywhere => {
                match Densities::new(&self.points, self.space.parameters().len()) {
                    Some(densities) => densities.sample(walls, &mut || self.draw()),
                    None => self.anywhere(),
                }
            }
            _ => self.anywhere(),
        }
    }
}

fn bracket_cost(count: usize) -> f64 {
    let reaching = |rung: u32| (count / 3_usize.pow(rung)).max(1) as u64;
    let steps = [RUNGS[0], RUNGS[1] - RUNGS[0], RUNGS[2] - RUNGS[1], RUNGS[3] - RUNGS[2]];
    (0..).zip(steps).map(|(rung, epochs)| reaching(rung) * epochs).sum::<u64>() as f64
}

impl Search for Baseline {
    fn next(&mut self) -> Option<(Params, u64)> {
        let (point, rung) = match self.method {
            Method::Bracket => (self.of_bracket(1)?, self.rung),
            Method::Zoom(_) => (self.of_bracket(STAGES)?, self.rung),
            Method::DensityAsha(_) | Method::ZoomAsha(_) => {
                let (point, rung, now) = self.of_asha()?;
                let epochs = RUNGS[rung] - if rung > 0 { RUNGS[rung - 1] } else { 0 };
                self.jobs.push(Job { point, rung, ends: now + epochs as f64, error: 100.0 });
                (point, rung)
            }
        };
        self.asked = Some(point);
        let place = &self.points[point].place;
        Some((self.space.configuration(&Params::default(), &|position| place[position]), RUNGS[rung]))
    }

    fn tell(&mut self, error: f64) {
        match (self.method, self.asked.take(), self.jobs.last_mut()) {
            (Method::DensityAsha(_) | Method::ZoomAsha(_), _, Some(job)) => job.error = error,
            (_, Some(point), _) => {
                self.points[point].errors.push(error);
                if self.points[point].errors.len() == RUNGS.len() {
                    self.best = self.best.min(error);
                }
            }
            (_, None, _) => {}
        }
    }

    fn best(&self) -> f64 {
        self.best
    }
}
