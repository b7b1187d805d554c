//! Lists that are gone through, not made. `members.filter(…).map(…)` hands on one
//! element after the other; only a list that is shown, kept under a name or asked
//! for as a whole becomes one.

use domain::dictionary::Kind;
use domain::household::Standing;

use crate::eval::{Frame, pair};
use crate::expr::{Each, Expr, Function, Name, Node};
use crate::gap::Gap;
use crate::parameters::Setting;
use crate::types::is_single;
use crate::val::{Element, Fact, List, Out, Val};

/// What is done with each element.
pub(crate) type Visit<'v, 'a> = dyn FnMut(Element<'a>, &mut Vec<Out<'a>>) + 'v;

impl<'a> Frame<'a> {
    /// Goes through a list: all of it, so that what is read does not hang on what
    /// is sought in it. `Err` is why there is no list and comes before any element;
    /// what is returned is why there may be more of them.
    pub(crate) fn walk(
        &self,
        list: &'a Expr,
        locals: &mut Vec<Out<'a>>,
        visit: &mut Visit<'_, 'a>,
    ) -> Result<Option<Gap>, Gap> {
        match &list.node {
            Node::Each(Each::Filter, of, body) => self.walk(of, locals, &mut |element, locals| {
                if let Some(element) = self.kept(element, body, locals) {
                    visit(element, locals);
                }
            }),
            Node::Each(Each::Map, of, body) => self.walk(of, locals, &mut |element, locals| {
                let value = self.within(element.value, body, locals);
                let unsure = element.unsure;
                visit(Element { value, unsure }, locals);
            }),
            Node::Kind(of, kind) if !is_single(*kind) => {
                let of = self.eval(of, locals)?;
                let (owner, facts) = self.told(&of, *kind)?;
                self.goes(facts.items.len())?;
                for item in facts.items {
                    let fact = Val::Item(Fact { item, owner });
                    visit(Element::sure(fact), locals);
                }
                Ok(facts.open)
            }
            Node::Name(name @ (Name::Members | Name::People)) => {
                self.goes(self.household.people.len())?;
                for person in &self.household.people {
                    if *name == Name::People || person.standing == Standing::Member {
                        visit(Element::sure(Val::Person(person.id)), locals);
                    }
                }
                Ok(self.more_members())
            }
            Node::List(items) => {
                self.goes(items.len())?;
                for item in items {
                    let value = self.eval(item, locals);
                    let unsure = None;
                    visit(Element { value, unsure }, locals);
                }
                Ok(None)
            }
            Node::Param(key) => self.walk_setting(key, locals, visit),
            Node::Call(Function::PaidRows, args) => self.walk_paid(args, locals, visit),
            Node::Call(Function::Known, args) => {
                let mut known = |element: Element<'a>, locals: &mut Vec<Out<'a>>| {
                    if element.unsure.is_none() && element.value.is_ok() {
                        visit(element, locals);
                    }
                };
                self.walk(&args[0], locals, &mut known)?;
                Ok(None)
            }
            Node::Let(slot) => self.walk_made(self.bound(*slot), locals, visit),
            Node::Local(slot) => {
                let list = locals[*slot].clone();
                self.walk_made(&list, locals, visit)
            }
            _ => {
                let list = self.eval(list, locals);
                self.walk_made(&list, locals, visit)
            }
        }
    }

    fn walk_made(
        &self,
        list: &Out<'a>,
        locals: &mut Vec<Out<'a>>,
        visit: &mut Visit<'_, 'a>,
    ) -> Result<Option<Gap>, Gap> {
        match list {
            Ok(Val::List(list)) => {
                self.goes(list.elements.len())?;
                for element in &list.elements {
                    visit(element.clone(), locals);
                }
                Ok(list.open.clone())
            }
            Ok(_) => Err(self.arithmetic()),
            Err(gap) => Err(gap.clone()),
        }
    }

    fn walk_setting(
        &self,
        key: &'a str,
        locals: &mut Vec<Out<'a>>,
        visit: &mut Visit<'_, 'a>,
    ) -> Result<Option<Gap>, Gap> {
        let Setting::Codes(codes) = self.setting(key)? else {
            return Err(self.arithmetic());
        };
        self.goes(codes.len())?;
        for code in codes {
            visit(Element::sure(Val::Code(code)), locals);
        }
        Ok(None)
    }

    fn walk_paid(
        &self,
        args: &'a [Expr],
        locals: &mut Vec<Out<'a>>,
        visit: &mut Visit<'_, 'a>,
    ) -> Result<Option<Gap>, Gap> {
        let [of, item] = args else {
            return Err(self.arithmetic());
        };
        let (of, item) = pair(self.eval(of, locals), self.eval(item, locals))?;
        let Val::Code(item) = item else {
            return Err(self.arithmetic());
        };
        let grants = self.household.people.iter();
        let grants = grants.filter_map(|person| person.facts.get(&Kind::Grant));
        self.goes(grants.map(|list| list.items.len()).sum())?;
        Ok(self.paid_rows(&of, item, &mut |fact| {
            visit(Element::sure(Val::Item(fact)), locals);
        }))
    }

    /// The list itself, where one is needed.
    pub(crate) fn made(&self, list: &'a Expr, locals: &mut Vec<Out<'a>>) -> Out<'a> {
        let mut elements = Vec::new();
        let open = self.walk(list, locals, &mut |element, _| elements.push(element))?;
        Ok(Val::List(List { elements, open }.into()))
    }

    /// An element that a filter leaves: surely, or perhaps.
    fn kept(
        &self,
        mut element: Element<'a>,
        body: &'a Expr,
        locals: &mut Vec<Out<'a>>,
    ) -> Option<Element<'a>> {
        match self.within(element.value.clone(), body, locals) {
            Ok(Val::Bool(true)) => {}
            Ok(_) => return None,
            Err(gap) => Gap::add(&mut element.unsure, &gap),
        }
        Some(element)
    }

    /// A body about one element.
    fn within(&self, element: Out<'a>, body: &'a Expr, locals: &mut Vec<Out<'a>>) -> Out<'a> {
        locals.push(element);
        let out = self.eval(body, locals);
        locals.pop();
        out
    }

    /// `exists`, `all` and `exists_one`. Known elements may decide; otherwise
    /// anything unknown leaves it unknown.
    pub(crate) fn each(
        &self,
        how: Each,
        list: &'a Expr,
        body: &'a Expr,
        locals: &mut Vec<Out<'a>>,
    ) -> Result<bool, Gap> {
        let sought = how != Each::All;
        // More than so many decide.
        let spare = usize::from(how == Each::ExistsOne);
        let mut found = 0;
        let mut gap = None;
        let open = self.walk(list, locals, &mut |element, locals| {
            if found > spare {
                return;
            }
            match (self.within(element.value, body, locals), element.unsure) {
                (Ok(Val::Bool(value)), unsure) if value == sought => match unsure {
                    None => found += 1,
                    Some(unsure) => Gap::add(&mut gap, &unsure),
                },
                (Ok(_), _) => {}
                (Err(unknown), unsure) => {
                    Gap::add(&mut gap, &unknown);
                    Gap::add_any(&mut gap, unsure.as_ref());
                }
            }
        })?;
        let decided = found > spare;
        if !decided {
            Gap::add_any(&mut gap, open.as_ref());
            gap.map_or(Ok(()), Err)?;
        }
        Ok(match how {
            Each::All => !decided,
            Each::ExistsOne => found == 1,
            _ => decided,
        })
    }
}
